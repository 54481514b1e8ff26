import { execFileSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { calculateJwkThumbprint } from "jose";
import { afterAll, describe, expect, it } from "vitest";
import { KeyError } from "../../../machines/errors";
import { keyIdOf } from "../../../machines/signing/key-id";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { ecPair } from "../../generated-key";
import { ALL_ALGORITHMS, testFolder } from "../issuer-fixture";

const folder = testFolder();
afterAll(folder.remove);
const openssl = (args: string[], input?: Buffer) => execFileSync("openssl", args, { input, stdio: "pipe" });

describe("keyIdOf", () => {
  it.each(ALL_ALGORITHMS)("is what openssl computes of a key for %s, in every form", async (algorithm) => {
    const { file } = await folder.key(`${algorithm}.key`, algorithm);
    const pem = openssl(["pkey", "-in", file, "-pubout"]).toString();
    const der = openssl(["pkey", "-in", file, "-pubout", "-outform", "DER"]);
    const kid = openssl(["dgst", "-sha256", "-binary"], der).toString("base64url");
    expect(keyIdOf(pem)).toBe(kid);
    const key = createPublicKey({ key: der, format: "der", type: "spki" });
    expect(keyIdOf(key)).toBe(kid);
    const jwk = key.export({ format: "jwk" });
    expect(keyIdOf(createPublicKey({ key: jwk, format: "jwk" }))).toBe(kid);
    expect(await calculateJwkThumbprint(jwk)).not.toBe(kid); // the other id that keys go by
    const certificate = openssl(["req", "-x509", "-new", "-key", file, "-subj", "/CN=machine-a"]).toString();
    expect(keyIdOf(certificate)).toBe(kid);
    expect(loadSigningKey(file).kid).toBe(kid);
  });

  it("takes PKCS#1", async () => {
    const { publicKey, kid } = await folder.rsaKey("pkcs1.key");
    expect(keyIdOf(publicKey.export({ type: "pkcs1", format: "pem" }).toString())).toBe(kid);
  });

  const koblitz = ecPair("secp256k1");
  it.each<[string, () => unknown, string, string]>([
    ["no text", () => undefined, "ERR_KEY_FORMAT", "neither text nor a key"],
    ["an empty text", () => "", "ERR_KEY_FORMAT", "no PEM"],
    ["a private key in PEM", () => readFileSync(folder.path("RS256.key"), "utf8"), "ERR_KEY_FORMAT", "a private key"],
    ["a private key", () => koblitz.privateKey, "ERR_KEY_FORMAT", "a private key"],
    ["a damaged one", () => "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "ERR_KEY_FORMAT", "damaged"],
    ["a request", () => "-----BEGIN CERTIFICATE REQUEST-----\nMIIB", "ERR_KEY_FORMAT", '"BEGIN CERTIFICATE REQUEST"'],
    ["another curve", () => koblitz.publicKey, "ERR_KEY_TYPE", "got: ec secp256k1"],
  ])("fails on %s", (_name, make, code, text) => {
    const key = make() as string;
    expect(() => keyIdOf(key)).toThrow(expect.objectContaining({ code, message: expect.stringContaining(text) }));
    expect(() => keyIdOf(key)).toThrow(KeyError);
  });
});
