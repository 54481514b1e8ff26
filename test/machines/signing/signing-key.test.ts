import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { KeyError } from "../../../machines/errors";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { testFolder } from "../issuer-fixture";

const folder = testFolder();
afterAll(folder.remove);

describe("loadSigningKey", () => {
  const { privateKey, publicKey } = rsaPair();
  const pkcs8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();

  it("computes the kid that openssl computes from the public key", () => {
    const file = folder.write("pkcs8.key", pkcs8);
    const spki = execFileSync("openssl", ["pkey", "-in", file, "-pubout", "-outform", "DER"]);
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-binary"], { input: spki });
    expect(loadSigningKey(file).kid).toBe(digest.toString("base64url"));
  });

  it("reads PKCS#1 as well, with the same kid", () => {
    const pkcs1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
    const one = loadSigningKey(folder.write("pkcs1.key", pkcs1));
    expect(one.kid).toBe(loadSigningKey(folder.write("same.key", pkcs8)).kid);
  });

  it.each([
    ["rsa", undefined, "RS256"],
    ["rsa", "PS256", "PS256"],
    ["ec", undefined, "ES256"],
    ["ed25519", "EdDSA", "EdDSA"],
  ] as const)("signs with the algorithm of a key: %s, asked for %s", (kind, algorithm, found) => {
    const file = folder.write(`${kind}.key`, String(pemOf(kind)));
    expect(loadSigningKey(file, { algorithm }).algorithm).toBe(found);
  });

  it("reads a key behind its parameters, as openssl ecparam writes it", () => {
    const pem = execFileSync("openssl", ["ecparam", "-name", "prime256v1", "-genkey"]).toString();
    expect(pem).toContain("BEGIN EC PARAMETERS");
    expect(loadSigningKey(folder.write("ecparam.key", pem)).algorithm).toBe("ES256");
  });

  it("reads a P-256 key in SEC1 form", () => {
    const { privateKey } = ecPair();
    const file = folder.write("sec1.key", privateKey.export({ type: "sec1", format: "pem" }).toString());
    expect(loadSigningKey(file).algorithm).toBe("ES256");
  });

  it.each([
    ["rsa", "ES256", "for ES256, got: RSA, which signs with RS256, RS384, RS512, PS256, PS384 or PS512"],
    ["ec", "RS256", "for RS256, got: P-256, which signs with ES256"],
    ["ed25519", "ES256", "for ES256, got: Ed25519, which signs with EdDSA"],
  ] as const)("fails on a key of kind %s where %s is asked for", (kind, algorithm, text) => {
    const file = folder.write("unfit.key", String(pemOf(kind)));
    expect(() => loadSigningKey(file, { algorithm })).toThrow(text);
  });

  const ec = ecPair("secp256k1").privateKey.export({ type: "pkcs8", format: "pem" });
  const small = rsaPair(1024).privateKey.export({ type: "pkcs8", format: "pem" });
  const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  const old = { type: "pkcs1", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  it.each([
    ["an empty file", " \n", "ERR_KEY_FORMAT", "an empty file"],
    ["a public JWK", '{"kty":"RSA"}', "ERR_KEY_FORMAT", "a public key as a JWK"],
    ["a file of another kind", "key: abc", "ERR_KEY_FORMAT", "no PEM"],
    ["a public key", publicKey.export({ type: "spki", format: "pem" }), "ERR_KEY_FORMAT", '"BEGIN PUBLIC KEY"'],
    ["a certificate", "-----BEGIN CERTIFICATE-----\nMIIC\n", "ERR_KEY_FORMAT", '"BEGIN CERTIFICATE"'],
    ["an encrypted key", privateKey.export(encrypted), "ERR_KEY_FORMAT", "an encrypted key"],
    ["an encrypted PKCS#1 key", privateKey.export(old), "ERR_KEY_FORMAT", "an encrypted key"],
    ["half a key", pkcs8.slice(0, 800), "ERR_KEY_FORMAT", "a damaged key"],
    ["a key on another curve", ec, "ERR_KEY_TYPE", "got: ec secp256k1"],
    ["a short key", small, "ERR_KEY_SIZE", "at least 2048 bits, got: 1024"],
  ])("fails on %s", (name, content, code, text) => {
    const file = folder.write("refused.key", String(content));
    const error = thrownBy(() => loadSigningKey(file));
    expect(error, name).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ code, message: expect.stringContaining(text) });
    expect((error as Error).message).toContain(file);
    expect((error as Error).message).not.toContain("MII");
  });

  it("fails on a file that is missing, and on a folder", () => {
    const missing = folder.path("missing.key");
    expect(thrownBy(() => loadSigningKey(missing))).toMatchObject({
      code: "ERR_KEY_UNREADABLE",
      message: `key file ${missing} cannot be read (ENOENT); check the path and that this user may read it`,
    });
    mkdirSync(folder.path("folder.key"));
    expect(thrownBy(() => loadSigningKey(folder.path("folder.key")))).toMatchObject({
      code: "ERR_KEY_UNREADABLE",
      message: expect.stringContaining("cannot be read (a folder)"),
    });
  });
});

function pemOf(kind: "rsa" | "ec" | "ed25519") {
  const form = { type: "pkcs8", format: "pem" } as const;
  if (kind === "rsa") return rsaPair().privateKey.export(form);
  if (kind === "ec") return ecPair().privateKey.export(form);
  return ed25519Pair().privateKey.export(form);
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}
