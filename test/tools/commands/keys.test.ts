import { existsSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { keysProject } from "../keys/keys-project";

const project = keysProject();
const { states } = project;

describe("usage", () => {
  it.each([
    ["destroy one", {}, "there is no keys destroy; it is list, prepare, activate, retire, revoke, rotate"],
    ["constructor one", {}, "there is no keys constructor; it is list, prepare, activate, retire, revoke, rotate"],
    ["prepare", {}, "keys prepare needs a CLIENT, or --all"],
    ["prepare one", { all: true }, "--all and names exclude each other"],
    ["list one", { all: true }, "--all and names exclude each other"],
    [
      "prepare one",
      { algorithm: "HS256" },
      "--algorithm must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got: HS256",
    ],
    ["rotate one", { overlap: "1h" }, "--overlap must be a number of seconds, got: 1h"],
    ["rotate one", { overlap: "-1" }, "--overlap must be a number of seconds, got: -1"],
    ["revoke one", { key: "abcdefg" }, "--key must be a key id, or at least its first eight characters, got: abcdefg"],
    ["revoke one", { certificate: "new.crt" }, "keys revoke takes no --certificate"],
    ["revoke one", { algorithm: "ES256" }, "keys revoke takes no --algorithm"],
    ["prepare one", { key: "abcdefgh" }, "keys prepare takes no --key"],
    ["rotate one", { key: "abcdefgh" }, "keys rotate takes no --key"],
    ["activate one", { auto: true }, "keys activate takes no --auto"],
    ["retire one", { overlap: "60" }, "keys retire takes no --overlap"],
    ["rotate one", { overlap: "60" }, "--overlap is for keys rotate --auto"],
    ["prepare one", { live: true }, "keys prepare takes no --live"],
    ["revoke one", { force: true }, "keys revoke takes no --force"],
    ["list one", { dryRun: true }, "keys list takes no --dry-run"],
    ["prepare", { all: true, certificate: "new.crt" }, "--certificate is for one CLIENT"],
    ["prepare one two", { certificate: "new.crt" }, "--certificate is for one CLIENT"],
  ])("refuses keys %s with %j before anything is synthesized", async (words, options, message) => {
    expect(await project.failure(words, options)).toEqual({ code: "usage", message: `${message}; see m2m --help` });
    expect(existsSync("cdktf.out")).toBe(false);
  });

  it("refuses a passphrase file or certificate that does not exist", async () => {
    expect(await project.failure("prepare one", { certificate: "none.crt" })).toEqual({
      code: "usage",
      message: "--certificate must name a certificate in PEM, got: none.crt (ENOENT)",
    });
    vi.stubEnv("KEY_PASSPHRASE_FILE", "none.txt");
    expect((await project.failure("prepare one")).message).toContain("got: none.txt (ENOENT)");
    writeFileSync("none.txt", "\npassphrase\n");
    expect((await project.failure("prepare one")).message).toContain("got: an empty line in none.txt");
    expect(states("one")).toEqual(["active"]);
  });
});
