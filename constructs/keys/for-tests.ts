import { createHash, createPublicKey, ECDH, type JsonWebKey, type KeyObject } from "node:crypto";
import { shapeOf } from "./algorithms";
import { type CertificateFacts, readCertificate } from "./certificate";
import { DAY_MS } from "./certificate-life";
import type { KeyShape } from "./generate";
import type { KeyPairRequest } from "./key-pair-request";
import { assertionCertificate } from "./self-sign";
import { commonName, type Seal, signCertificate } from "./sign-certificate";

// Keys and certificates for unit tests, made up of texts: the same everywhere, and nobody has a private half. A public key
// that was not made from a private one can be published, and of no use to anybody who deploys it by mistake.

/** Whoever meets such a certificate sees what it is. */
export const TEST_ISSUER = "FOR UNIT TESTS ONLY: nobody has this key";

/** Late enough that no certificate nears its end, and that no program takes it for a good one. */
const FROM = Date.UTC(2100, 0, 1);

/** From when to when every certificate for tests is good. */
export function testValidity(days: number) {
  return { notBefore: new Date(FROM), notAfter: new Date(FROM + days * DAY_MS) };
}

const CURVES: Readonly<Record<string, { readonly crv: string; readonly bits: number }>> = {
  prime256v1: { crv: "P-256", bits: 256 },
  secp384r1: { crv: "P-384", bits: 384 },
  secp521r1: { crv: "P-521", bits: 521 },
};

/** A public key of a shape that stands for a text. */
export function testPublicKey(shape: KeyShape, text: string): KeyObject {
  const seed = `${JSON.stringify(shape)} ${text}`;
  if (shape.type === "rsa")
    return publicKey({ kty: "RSA", n: base64url(modulus(seed, shape.modulusLength)), e: "AQAB" });
  if (shape.type === "ed25519") return publicKey({ kty: "OKP", crv: "Ed25519", x: base64url(bytes(seed, 32)) });
  const { crv, bits } = CURVES[shape.namedCurve]!;
  const point = pointOn(shape.namedCurve, bits, seed);
  const [x, y] = [point.subarray(1, (point.length + 1) / 2), point.subarray((point.length + 1) / 2)];
  return publicKey({ kty: "EC", crv, x: base64url(x), y: base64url(y) });
}

/** What is asked for in a unit test. */
interface TestKey extends Pick<KeyPairRequest, "name" | "algorithm" | "rsaBits" | "validityDays"> {
  /** Tells apart two of one name. */
  readonly directory: string;
}

/** The facts of a signing key that stands for its name. */
export function testKeyFacts({ name, directory, algorithm, rsaBits, validityDays }: TestKey): CertificateFacts {
  const key = testPublicKey(shapeOf(algorithm, rsaBits), `signing key ${directory}/${name}`);
  const { notBefore, notAfter } = testValidity(validityDays);
  const content = assertionCertificate(key, name, notBefore, notAfter);
  const issuer = { key, name: commonName(TEST_ISSUER), keyIdentifier: "\0" };
  return readCertificate(signCertificate(content, issuer, TEST_SEAL), `the test's key of ${name}`, { algorithm });
}

/** Serial number and signature of a certificate that nobody signed: made up of what it says. */
export const TEST_SEAL: Seal = {
  serialNumber: (publicKey) => bytes(`serial ${spki(publicKey)}`, 16),
  sign: (_digest, body) => bytes(body.toString("base64"), 64),
};

function publicKey(key: JsonWebKey): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}

/** An odd number of so many bits. It is no product of two primes that anybody knows. */
function modulus(seed: string, bits: number): Buffer {
  const number = lowBits(bytes(seed, Math.ceil(bits / 8)), bits);
  number[0]! |= 1 << ((bits - 1) % 8);
  number[number.length - 1]! |= 1;
  return number;
}

/** The first number that is the x of a point: about every other one is. */
function pointOn(curve: string, bits: number, seed: string): Buffer {
  for (let trial = 0; ; trial++) {
    const x = lowBits(bytes(`${trial} ${seed}`, Math.ceil(bits / 8)), bits);
    try {
      const compressed = Buffer.concat([Buffer.of(2), x]);
      return ECDH.convertKey(compressed, curve, undefined, undefined, "uncompressed") as Buffer;
    } catch {
      // no point has it
    }
  }
}

function lowBits(number: Buffer, bits: number): Buffer {
  number[0]! &= 0xff >> (number.length * 8 - bits);
  return number;
}

function bytes(text: string, count: number): Buffer {
  return createHash("shake256", { outputLength: count }).update(`cdktf-keycloak-m2m ${text}`).digest();
}

function spki(key: KeyObject): string {
  return key.export({ type: "spki", format: "der" }).toString("base64");
}

function base64url(content: Buffer): string {
  return content.toString("base64url");
}
