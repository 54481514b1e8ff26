import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import { SigningKeyPair } from "../../constructs";
import { captureNotices, inTemporaryProject, messageOf, newApp, newStack } from "./project";

inTemporaryProject();

describe("the files of pairs in one app", () => {
  const pair = (stack: TerraformStack, id: string, directory: string, privateKeyDirectory: string) =>
    new SigningKeyPair(stack, id, { name: "m", algorithm: "EdDSA", directory, privateKeyDirectory });

  it("are of one pair each: two of one name may not have one private half", () => {
    captureNotices();
    const stack = newStack();
    pair(stack, "A", "certs/a", "secrets");
    expect(messageOf(() => pair(stack, "B", "certs/b", "secrets"))).toContain(
      "`privateKeyDirectory` must not be that of another pair of this name, got: secrets/m-signing.key for certs/a/m-signing.crt and certs/b/m-signing.crt; choose another folder or `name`",
    );
    pair(stack, "C", "certs/c", "secrets/c");
  });

  it("have one place wherever the pair is declared", () => {
    captureNotices();
    const app = newApp();
    pair(new TerraformStack(app, "one"), "A", "certs", "secrets");
    const second = new TerraformStack(app, "two");
    expect(messageOf(() => pair(second, "A", "certs", "elsewhere"))).toContain(
      "`privateKeyDirectory` must be the same wherever a pair is declared, got: elsewhere/m-signing.key, and secrets/m-signing.key elsewhere, for certs/m-signing.crt; choose one of them",
    );
    expect(pair(second, "B", "certs", "secrets").privateKeyFile).toBe("secrets/m-signing.key");
  });
});
