import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { selfSign } from "../../../constructs/keys/self-sign";
import { ed25519Pair } from "../../generated-key";
import { keysProject } from "./keys-project";

/** A state that is kept elsewhere, and does not answer. */
vi.mock("../../../tools/session", () => {
  const stateOf = async () => {
    throw new Error("no answer");
  };
  return { openSession: async () => ({}), stateOf };
});

const project = keysProject();
const { kids, states } = project;

describe("a revocation", () => {
  it("must say which key it means if the key file holds a revoked one", async () => {
    writeFileSync("new.crt", selfSign(ed25519Pair().privateKey, "one", 90));
    await project.run("prepare one", { certificate: "new.crt" });
    const { key } = project.filesFor("one");
    const former = readFileSync(key);
    await project.run("revoke one");
    writeFileSync(key, former, { mode: 0o600 }); // as a checkout has it that takes another's revocation
    const [gone, active] = kids("one");
    const before = project.certs();
    for (const dryRun of [true, false, false]) {
      expect(await project.failure("revoke one", { dryRun })).toEqual({
        code: "key-unclear",
        message: expect.stringContaining(`holds key ${gone}, which was revoked at`),
      });
    }
    expect(project.certs()).toEqual(before);
    await project.run("revoke one", { key: active });
    expect(existsSync(key)).toBe(true); // of the key that was made for the machine
    expect(states("one")).toEqual(["revoked", "revoked", "active"]);
  });

  it("does not need the state", async () => {
    writeFileSync("terraform.m2m.tfstate", "{}");
    const clients = { one: ["one"], two: ["two-reader", "two-writer"] };
    project.declare(clients, { backend: { http: {} } });
    expect((await project.failure("prepare one")).message).toBe("no answer");
    // Beside Terraform's own key, too: that one alone has to be known as deployed.
    project.declare(clients, { backend: { http: {} }, deployer: "two-reader" });
    expect((await project.failure("revoke two")).code).toBe("deployer-locked-out");
    const { warned } = await project.run("revoke one");
    expect(warned).toContain("what is deployed of stack m2m is not known: no answer");
    expect(states("one")).toEqual(["revoked", "active"]);
  });
});

it("removes a key file with a revoked key at the next command, and says so", async () => {
  const { key } = project.filesFor("one");
  const former = readFileSync(key);
  await project.run("revoke one");
  writeFileSync(key, former, { mode: 0o600 });
  const { warned } = await project.run("prepare one");
  expect(warned).toContain(`removed ${key}: it held key ${kids("one")[0]}, which is revoked`);
  expect(existsSync(key)).toBe(false);
});
