import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { KeyError } from "../../machines/errors";
import { loadSigningKey } from "../../machines/signing-key";
import { testFolder } from "./issuer-fixture";

const folder = testFolder();
afterAll(folder.remove);

describe("loadSigningKey", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  it("computes the kid that openssl computes from the public key", async () => {
    const file = folder.write("pkcs8.key", pkcs8);
    const spki = execFileSync("openssl", ["pkey", "-in", file, "-pubout", "-outform", "DER"]);
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: spki });
    expect((await loadSigningKey(file)).kid).toBe(digest.toString("base64url"));
  });

  it("reads PKCS#1 as well, with the same kid", async () => {
    const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const [one, other] = await Promise.all([
      loadSigningKey(folder.write("pkcs1.key", pkcs1)),
      loadSigningKey(folder.write("same.key", pkcs8)),
    ]);
    expect(one.kid).toBe(other.kid);
  });

  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" });
  const small = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  const old = { type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  it.each([
    ["an empty file", " \n", "ERR_KEY_FORMAT", "an empty file"],
    ["a file of another kind", '{"kty":"RSA"}', "ERR_KEY_FORMAT", "no PEM"],
    ["a public key", publicKey.export({ type: "spki", format: "pem" }), "ERR_KEY_FORMAT", '"BEGIN PUBLIC KEY"'],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIC\n", "ERR_KEY_FORMAT", '"BEGIN CERTIFICATE"'],
    ["an encrypted key", privateKey.export(encrypted), "ERR_KEY_FORMAT", "an encrypted key"],
    ["an encrypted PKCS#1 key", privateKey.export(old), "ERR_KEY_FORMAT", "an encrypted key"],
    ["half a key", pkcs8.slice(0, 800), "ERR_KEY_FORMAT", "a damaged key"],
    ["an EC key", ec, "ERR_KEY_TYPE", "got: ec"],
    ["a short key", small, "ERR_KEY_SIZE", "at least 2048 bits, got: 1024"],
  ])("fails on %s", async (name, content, code, text) => {
    const file = folder.write("refused.key", String(content));
    const error = await loadSigningKey(file).catch((thrown: unknown) => thrown);
    expect(error, name).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).not.toContain("MII");
  });

  it("fails on a file that is missing, and on a folder", async () => {
    const missing = folder.path("missing.key");
    await expect(loadSigningKey(missing)).rejects.toMatchObject({
      code: "ERR_KEY_UNREADABLE",
      message: `key file ${missing} cannot be read (ENOENT); check the path and that this user may read it`,
    });
    mkdirSync(folder.path("folder.key"));
    await expect(loadSigningKey(folder.path("folder.key"))).rejects.toMatchObject({
      code: "ERR_KEY_UNREADABLE",
      message: expect.stringContaining("EISDIR"),
    });
  });
});
