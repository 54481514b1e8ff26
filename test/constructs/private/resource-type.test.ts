import { TerraformResource } from "cdktf";
import { expect, it } from "vitest";
import { Realm } from "../../../.gen/providers/keycloak/realm";
import { isOfType } from "../../../constructs/private/resource-type";
import { inTemporaryProject, newStack } from "../project";

inTemporaryProject();

it("a resource is known by its type, whosever bindings made it", () => {
  const stack = newStack();
  const ours = new Realm(stack, "Ours", { realm: "a" });
  const theirs = new TerraformResource(stack, "Theirs", { terraformResourceType: "keycloak_realm" });
  const other = new TerraformResource(stack, "Other", { terraformResourceType: "keycloak_role" });
  expect([ours, theirs, other, stack, undefined].map((one) => isOfType(one, Realm))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
