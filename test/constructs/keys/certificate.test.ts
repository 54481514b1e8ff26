import { createPublicKey } from "node:crypto";
import { importJWK, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { kindFor, SIGNING_ALGORITHMS, shapeOf } from "../../../constructs/keys/algorithms";
import { keyId, readCertificate } from "../../../constructs/keys/certificate";
import { KeyError } from "../../../constructs/keys/errors";
import { generateKey } from "../../../constructs/keys/generate";
import { selfSign } from "../../../constructs/keys/self-sign";
import { ecPair, rsaPair } from "../../generated-key";

const KEY = rsaPair().privateKey;
const NOW = new Date("2026-03-01T12:00:00.900Z");

describe("readCertificate", () => {
  it("gives PEM, base64 on one line, algorithm, kid, JWK and end", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(readCertificate(pem, "x")).toEqual({
      pem,
      base64: pem.replaceAll(/-----[^-]+-----|\n/g, ""),
      algorithm: "RS256",
      kid: keyId(KEY),
      publicJwk: expect.objectContaining({ kty: "RSA", alg: "RS256", kid: keyId(KEY), use: "sig" }),
      notBefore: new Date("2026-03-01T12:00:00Z"),
      notAfter: new Date("2026-03-06T12:00:00Z"),
    });
  });

  it("reads a file with Windows line ends or text before the certificate as the same", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(readCertificate(pem.replaceAll("\n", "\r\n"), "x")).toEqual(readCertificate(pem, "x"));
    expect(readCertificate(`subject=CN = m\n${pem}`, "x")).toEqual(readCertificate(pem, "x"));
  });

  it("fails on an empty file", () => {
    expect(() => readCertificate("", "x")).toThrow("x must hold an X.509 certificate in PEM, got: an empty file");
  });

  it.each(["text", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])("fails on %j", (text) => {
    expect(() => readCertificate(text, "certs/m.crt")).toThrow(
      new KeyError(
        "CERTIFICATE_CORRUPT",
        `certs/m.crt must hold an X.509 certificate in PEM, got: ${text.length} characters that cannot be parsed; restore it from version control`,
      ),
    );
  });

  it("fails on a certificate whose middle was cut out", () => {
    const pem = selfSign(KEY, "m", 5, NOW);
    expect(() => readCertificate(pem.slice(0, 400) + pem.slice(600), "x")).toThrow("x must hold an X.509 certificate");
  });
});

describe.each(SIGNING_ALGORITHMS)("a key for %s", (algorithm) => {
  const key = generateKey(shapeOf(algorithm, 2048));
  const pem = selfSign(key, "m", 5, NOW);

  it("has a public JWK that verifies signatures, with its members in alphabetical order", async () => {
    const { publicJwk } = readCertificate(pem, "x", { algorithm });
    expect(publicJwk).toMatchObject({ alg: algorithm, kid: keyId(key), use: "sig" });
    expect(Object.keys(publicJwk)).toEqual(Object.keys(publicJwk).sort());
    const members = { RSA: ["e", "n"], EC: ["crv", "x", "y"], OKP: ["crv", "x"] }[publicJwk.kty as "RSA"];
    expect(Object.keys(publicJwk)).toEqual(["alg", "kid", "kty", "use", ...members].sort());
    const token = await new SignJWT({ sub: "m" }).setProtectedHeader({ alg: algorithm }).sign(key);
    expect((await jwtVerify(token, await importJWK({ ...publicJwk }))).payload.sub).toBe("m");
  });

  it("says its algorithm by its kind, unless another one is asked of an RSA key", () => {
    expect(readCertificate(pem, "x").algorithm).toBe(/^[RP]S/.test(algorithm) ? "RS256" : algorithm);
    expect(readCertificate(pem, "x", { algorithm }).algorithm).toBe(algorithm);
  });

  it("fits no algorithm of another kind", () => {
    for (const other of SIGNING_ALGORITHMS.filter((name) => kindFor(name) !== kindFor(algorithm))) {
      expect(() => readCertificate(pem, "x", { algorithm: other })).toThrow(
        expect.objectContaining({ code: "ALGORITHM_MISMATCH" }),
      );
    }
  });
});

describe("a certificate of a key that does not fit", () => {
  const of = (key: ReturnType<typeof generateKey>) => selfSign(key, "m", 5, NOW);

  it("is described with its algorithm and the one asked for, and with what to do", () => {
    const read = () => readCertificate(of(KEY), "certs/m.crt", { algorithm: "ES256", replace: "make another" });
    expect(read).toThrow(
      new KeyError(
        "ALGORITHM_MISMATCH",
        'certs/m.crt must certify a P-256 key, as `algorithm` is "ES256", got: RSA; set `algorithm` to "RS256", "RS384", "RS512", "PS256", "PS384" or "PS512", or make another',
      ),
    );
  });

  it.each([
    ["ec secp256k1", ecPair("secp256k1").privateKey],
    ["ec secp256k1", ecPair("secp256k1").privateKey],
  ])("is refused where the key is %s", (kind, key) => {
    expect(() => readCertificate(of(key), "x")).toThrow(
      new KeyError(
        "KEY_UNSUPPORTED",
        `x must certify an RSA, P-256, P-384, P-521 or Ed25519 key, got: ${kind}; give a certificate of another key`,
      ),
    );
  });

  it("is refused where an RSA key is short", () => {
    expect(() => readCertificate(of(rsaPair(1024).privateKey), "x")).toThrow(
      "x must certify an RSA key of at least 2048 bits (RFC 7518 section 3.3), got: 1024; give a certificate of another",
    );
  });
});

describe("keyId", () => {
  it.each(SIGNING_ALGORITHMS)(
    "is the same for both halves of a key for %s, and different for another key",
    (algorithm) => {
      const [one, other] = [generateKey(shapeOf(algorithm, 2048)), generateKey(shapeOf(algorithm, 2048))];
      expect(keyId(createPublicKey(one))).toBe(keyId(one));
      expect(keyId(other)).not.toBe(keyId(one));
      expect(keyId(one)).toMatch(/^[\w-]{43}$/);
    },
  );
});
