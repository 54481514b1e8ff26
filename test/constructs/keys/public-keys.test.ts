import { createPublicKey, type KeyObject } from "node:crypto";
import { describe, expect, it } from "vitest";
import { SIGNING_ALGORITHMS, type SigningAlgorithm, shapeOf } from "../../../constructs/keys/algorithms";
import { keyId } from "../../../constructs/keys/certificate";
import { generateKey } from "../../../constructs/keys/generate";
import { readPublicKeys } from "../../../constructs/keys/public-keys";
import { pemBlock } from "../../pem";

const keyFor = (algorithm: SigningAlgorithm) => createPublicKey(generateKey(shapeOf(algorithm, 2048)));
const pemOf = (key: KeyObject) => String(key.export({ type: "spki", format: "pem" }));
const jwkOf = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: "jwk" }), ...more });
const read = (value: object | string, asked?: SigningAlgorithm) =>
  readPublicKeys(typeof value === "string" ? value : JSON.stringify(value), "keys.json", asked);

const RSA = keyFor("RS256");
const EC = keyFor("ES256");
const OTHER = keyFor("ES256");

describe("public keys", () => {
  it.each(SIGNING_ALGORITHMS)("for %s are read from PEM and from a JWK alike", (algorithm) => {
    const key = keyFor(algorithm);
    const byPem = read(pemOf(key), algorithm);
    expect(byPem).toEqual([expect.objectContaining({ algorithm, kid: keyId(key) })]);
    expect(byPem[0]!.publicJwk).toMatchObject({ alg: algorithm, kid: keyId(key), use: "sig" });
    expect(read(jwkOf(key, { alg: algorithm }))).toEqual(byPem);
    expect(read({ keys: [jwkOf(key)] }, algorithm)).toEqual(byPem);
  });

  it("are read from the older form of PEM for RSA", () => {
    expect(read(String(RSA.export({ type: "pkcs1", format: "pem" })))).toMatchObject([{ kid: keyId(RSA) }]);
  });

  it("keep the ids of a set, its order, and leave out those that encrypt", () => {
    const set = [jwkOf(EC, { kid: "one" }), jwkOf(RSA, { use: "enc" }), jwkOf(OTHER, { kid: "two", use: "sig" })];
    expect(read({ keys: set }).map(({ kid }) => kid)).toEqual(["one", "two"]);
  });

  it.each<[string, string | object, string, SigningAlgorithm?]>([
    ["nothing", "", "an empty file"],
    ["a certificate", pemBlock("CERTIFICATE", "AAAA"), "a certificate, which `fromCertificateFile` takes"],
    ["a private key in PEM", pemBlock("PRIVATE KEY", "AAAA"), "a private key; give its public half: openssl pkey"],
    ["another text", "a key", "something else; if it is DER, convert it: openssl pkey -pubin -inform DER"],
    ["DER in base64", EC.export({ type: "spki", format: "der" }).toString("base64"), "a public key in DER, in base64"],
    ["a damaged key", pemBlock("PUBLIC KEY", "AAAA"), "one that cannot be parsed"],
    ["half of JSON", "{", "JSON that cannot be parsed"],
    ["a set without keys", { keys: [] }, "no key that signs"],
    ["null in a set", { keys: [null] }, "no key that signs"],
    ["a private JWK", jwkOf(EC, { d: "c2VjcmV0" }), "a private or shared key; take the public half alone"],
    ["a shared secret", { kty: "oct", k: "c2VjcmV0" }, "a private or shared key; take the public half alone"],
    ["an algorithm that is none", jwkOf(EC, { alg: "HS256" }), "a key for HS256"],
    ["another algorithm than its own", jwkOf(RSA, { alg: "PS256" }), "a key that is for PS256 alone", "RS256"],
    ["an id with a space", jwkOf(EC, { kid: "a b" }), "a `kid` that is not 1 to 255 visible ASCII characters"],
    ["an id that is no text", jwkOf(EC, { kid: 1 }), "a `kid` that is not 1 to 255 visible ASCII characters"],
    ["one key twice", { keys: [jwkOf(EC), jwkOf(EC)] }, "one `kid` twice"],
    ["one id twice", { keys: [jwkOf(EC, { kid: "k" }), jwkOf(OTHER, { kid: "k" })] }, "one `kid` twice"],
    ["too many", { keys: Array(21).fill(jwkOf(EC)) }, "21 keys"],
  ])("are refused for %s, which is not quoted", (_, value, got, asked) => {
    expect(() => read(value, asked)).toThrow(
      `keys.json must hold a public key in PEM, a JWK or a JWK set (RFC 7517), got: ${got}`,
    );
    expect(() => read(value, asked)).not.toThrow("c2VjcmV0");
  });

  it("have to fit the algorithm, and to be long enough", () => {
    expect(() => read(pemOf(EC), "RS256")).toThrow('keys.json must hold an RSA key, as `algorithm` is "RS256"');
    const short = createPublicKey(generateKey({ ...shapeOf("RS256", 2048), modulusLength: 1024 } as never));
    expect(() => read(pemOf(short))).toThrow("at least 2048 bits");
  });
});
