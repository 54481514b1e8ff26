import { createPrivateKey } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { printPrivateKey } from "../../../constructs/keys/private-key";
import { pemBegin } from "../../pem";
import { keysProject } from "./keys-project";

const project = keysProject();
const { kids, short } = project;

describe("where a key is made", () => {
  it.each(["prepare one", "rotate one", "revoke one"])("is not CI for keys %s, unless asked for", async (words) => {
    vi.stubEnv("CI", "true");
    const before = project.certs();
    const { code, message } = await project.failure(words);
    expect([code, message]).toEqual([
      "key-lost",
      expect.stringMatching(/^one: no key is made here: CI is set, and a key made there would be lost/),
    ]);
    expect(await project.failure(words, { dryRun: true })).toEqual({ code, message });
    expect(project.certs()).toEqual(before);
    vi.stubEnv("M2M_CREATE_KEYS", "true");
    await project.run(words);
    expect(kids("one")).toHaveLength(2);
  });

  it("is not here for rotate if the machine's key is elsewhere", async () => {
    rmSync(project.filesFor("one").key);
    expect((await project.run("rotate one")).text).toContain("nothing done by itself: the private half of key");
    expect(kids("one")).toHaveLength(1);
  });

  it.each(["list", "prepare one", "revoke one"])("is no part of keys %s, which changes nothing", async (words) => {
    for (const path of Object.keys(project.certs())) rmSync(path);
    writeFileSync(
      "app.cjs",
      `console.error(\`Error: M2M_CREATE_KEYS=\${process.env.M2M_CREATE_KEYS}\`); process.exit(1);`,
    );
    const { message } = await project.failure(words, { dryRun: words !== "list" });
    expect(message).toContain("Error: M2M_CREATE_KEYS=false");
  });

  it("counts as having the private half if that is encrypted", async () => {
    vi.stubEnv("KEY_PASSPHRASE", "of this machine");
    const { key } = project.filesFor("one");
    writeFileSync(key, printPrivateKey(createPrivateKey(readFileSync(key)), "of this machine"));
    await project.run("prepare one");
    project.deploy();
    expect((await project.run("activate one")).text).toContain("from the next deploy on");
  });

  it("leaves the new key unencrypted if the former one is, whatever passphrase is set", async () => {
    vi.stubEnv("KEY_PASSPHRASE", "of another");
    await project.run("prepare one");
    const made = readFileSync(project.filesFor("one").staged(kids("one")[1]!), "utf8");
    expect(made.startsWith(pemBegin("PRIVATE KEY"))).toBe(true);
  });
});

describe("another algorithm", () => {
  it("must be declared before a key of it signs", async () => {
    const { data } = await project.run("prepare one", { algorithm: "ES256" });
    expect(data.outcomes[0].next).toContain('then set `algorithm: "ES256"` in the declaration; m2m keys activate one');
    project.deploy();
    for (const force of [false, true]) {
      expect(await project.failure("activate one", { force })).toEqual({
        code: "algorithm-undeclared",
        message: `one: key ${short("one", 1)} signs with ES256, but the declaration says \`algorithm: "EdDSA"\`; set it to "ES256" first`,
      });
    }
    expect((await project.failure("rotate one")).code).toBe("algorithm-undeclared");
    const { data: revoked } = await project.run("revoke one");
    expect(revoked.outcomes[0].next).toMatch(/^set `algorithm: "ES256"` in the declaration; m2m up, at once/);
  });
});

describe("a certificate", () => {
  it("of another pair's key is refused: its holder could sign in as both", async () => {
    const { certificate } = project.filesFor("two");
    expect(await project.failure("prepare one", { certificate })).toEqual({
      code: "key-shared",
      message: `one: ${certificate} certifies key ${kids("two")[0]}, which belongs to two; make a key for each machine`,
    });
  });

  it("of a key that the record has is refused, by --dry-run as well", async () => {
    const { certificate } = project.filesFor("one");
    const dry = await project.failure("prepare one", { certificate, dryRun: true });
    expect(dry.code).toBe("KEY_KNOWN");
    expect(await project.failure("prepare one", { certificate })).toEqual(dry);
  });

  it("that cannot be read is refused, with what to do", async () => {
    writeFileSync("new.crt", "none");
    const { message } = await project.failure("prepare one", { certificate: "new.crt" });
    expect(message).toContain("new.crt must hold an X.509 certificate in PEM");
  });
});
