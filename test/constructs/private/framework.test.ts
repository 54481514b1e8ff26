import { createRequire } from "node:module";
import * as cdktf from "cdktf";
import * as cdktn from "cdktn";
import { describe, expect, it } from "vitest";
import { KeycloakServer, PrivateLocalBackend } from "../../../constructs";
import { inTemporaryProject, messageOf, newStack } from "../project";

inTemporaryProject();

/** A second copy of the framework, as a nested `node_modules` brings it. */
function anotherCopy(): typeof cdktf {
  const load = createRequire(__filename);
  const before = { ...load.cache };
  for (const file of Object.keys(load.cache)) if (/node_modules.cdktf\b/.test(file)) delete load.cache[file];
  const copy = load("cdktf") as typeof cdktf;
  Object.assign(load.cache, before);
  return copy;
}

describe("a stack", () => {
  it("of the other framework is refused by the first construct, whichever that is", () => {
    const stack = new cdktn.TerraformStack(new cdktn.App(), "billing") as unknown as cdktf.TerraformStack;
    const refusal =
      "the stack must be of cdktf, which this construct is made for, got: billing of cdktn 0.24.0; import the constructs from cdktn-keycloak-m2m, or app and stack from cdktf";
    expect(messageOf(() => new KeycloakServer(stack, "Keycloak"))).toBe(`[billing/Keycloak] ${refusal}`);
    expect(messageOf(() => new PrivateLocalBackend(stack))).toBe(`[billing] ${refusal}`);
  });

  it("of another copy of the framework is refused, though its synthesis would end well", () => {
    const copy = anotherCopy();
    expect(copy.TerraformStack).not.toBe(cdktf.TerraformStack);
    const stack = new (class Billing extends copy.TerraformStack {})(new copy.App(), "billing");
    expect(messageOf(() => new KeycloakServer(stack, "Keycloak"))).toBe(
      "[billing/Keycloak] the stack must be of the copy of cdktf that this construct uses, got: billing of another copy, cdktf 0.21.0; keep one: `npm ls cdktf` shows who brings which",
    );
  });

  it("of a class of the user's own is taken", () => {
    class Billing extends cdktf.TerraformStack {}
    const stack = new Billing(newStack().node.root as cdktf.App, "billing");
    expect(new KeycloakServer(stack, "Keycloak").node.path).toBe("billing/Keycloak");
  });
});
