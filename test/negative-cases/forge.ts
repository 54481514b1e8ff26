import { constants, createHmac, createPublicKey, type KeyObject, privateEncrypt, randomBytes, sign } from "node:crypto";
import type { Algorithm, TestKey } from "../machines/issuer-fixture";

/** What a target gives to build with: `forge(base)` is a token it accepts. */
export interface Base {
  readonly algorithm: Algorithm;
  /** The key the target knows the sender by. */
  readonly key: TestKey;
  /** A key for the same algorithm that the target knows too: another client's, or the realm's second one. */
  readonly other: TestKey;
  /** A key for the same algorithm that the target has not been told of. */
  readonly foreign: TestKey;
  /** The issuer, which is what an assertion names as its audience. */
  readonly issuer: string;
  /** An RSA key of the target's to encrypt to. */
  readonly encryptTo: KeyObject;
  /** An address that somebody watches: no target may ask there. */
  readonly watched: string;
  /** The claims of a good token, with a new `jti` in each base. */
  readonly claims: Readonly<Record<string, unknown>>;
}

type Signer = (input: Buffer) => Buffer;

export interface Change {
  /** Header parameters to set; `undefined` takes one out. */
  readonly header?: object;
  /** Claims to set; `undefined` takes one out. */
  readonly claims?: object;
  /** Instead of the header as JSON. */
  readonly headerText?: (json: string) => string | Buffer;
  /** Instead of the claims as JSON. */
  readonly payloadText?: (json: string) => string | Buffer;
  /** Instead of base64url, for each of the three parts. */
  readonly encode?: (part: Buffer, place: 0 | 1 | 2) => string;
  /** Instead of the sender's key with its algorithm. */
  readonly sign?: Signer;
}

/** Builds a JWT in compact form from a good one and a change, without looking at whether it makes sense. */
export function forge(base: Base, change: Change = {}): string {
  const same = (json: string) => json;
  const { headerText = same, payloadText = same, encode = base64url, sign = signer(base.algorithm, base.key) } = change;
  const header = { alg: base.algorithm, typ: "JWT", kid: base.key.kid, ...change.header };
  const head = encode(Buffer.from(headerText(JSON.stringify(header))), 0);
  const body = encode(Buffer.from(payloadText(JSON.stringify({ ...base.claims, ...change.claims }))), 1);
  const input = `${head}.${body}`;
  return `${input}.${encode(sign(Buffer.from(input)), 2)}`;
}

/** The same sender once more: another `jti`. */
export function fresh(base: Base): Base {
  return { ...base, claims: { ...base.claims, jti: randomBytes(16).toString("base64url") } };
}

export function base64url(part: Buffer): string {
  return part.toString("base64url");
}

/** Signs as JWS wants it: RFC 7518 section 3, RFC 8037 section 3.1. */
export function signer(algorithm: Algorithm, { privateKey }: Pick<TestKey, "privateKey">): Signer {
  if (algorithm === "PS256") return pss(privateKey, "sha256", 32);
  if (algorithm === "ES256") return (input) => sign("sha256", input, { key: privateKey, dsaEncoding: "ieee-p1363" });
  if (algorithm === "EdDSA") return (input) => sign(null, input, privateKey);
  return (input) => sign("sha256", input, privateKey);
}

/** HS256 with a secret of one's choice. */
export function hmac(secret: string | Buffer): Signer {
  return (input) => createHmac("sha256", secret).update(input).digest();
}

/** RSASSA-PSS with a hash and length of salt of one's choice. */
export function pss(key: KeyObject, hash: string, saltLength: number): Signer {
  return (input) => sign(hash, input, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
}

/** RSA on a block of one's own: what stands where PKCS #1's padding should be is up to `block`. */
export function rawRsa(key: KeyObject, block: (input: Buffer, bytes: number) => Buffer): Signer {
  const bytes = key.asymmetricKeyDetails!.modulusLength! / 8;
  return (input) => privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, block(input, bytes));
}

/** An ECDSA signature of two numbers of one's choice, each in 32 bytes. */
export function ecdsa(r: bigint, s: bigint): Signer {
  return () => Buffer.concat([r, s].map((number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex")));
}

/** The order of the curve P-256. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The order of Ed25519's group. */
const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

/** The same Ed25519 signature with its number not reduced: RFC 8032 section 5.1.7 wants it refused. */
export function unreduced(signature: Buffer): Buffer {
  const number = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + ED25519_ORDER;
  const raised = Buffer.from(number.toString(16).padStart(64, "0"), "hex").reverse();
  return Buffer.concat([signature.subarray(0, 32), raised]);
}

/** The public key in the forms that were taken for an HMAC secret somewhere. */
export function publicPem(key: Pick<TestKey, "privateKey">): string {
  return createPublicKey(key.privateKey).export({ type: "spki", format: "pem" }).toString();
}

/** Flips the lowest bit of the byte in the middle of one part of a token. */
export function flipBit(token: string, place: 0 | 1 | 2): string {
  const parts = token.split(".");
  const bytes = Buffer.from(parts[place]!, "base64url");
  bytes[Math.floor(bytes.length / 2)]! ^= 1;
  return parts.with(place, bytes.toString("base64url")).join(".");
}

/** Seconds since 1970, `offset` from now. */
export function seconds(offset = 0): number {
  return Math.floor(Date.now() / 1000) + offset;
}

/** Whether a text holds a token or one of its parts. Shorter ones are too common to tell. */
export function shows(text: string, token: string): boolean {
  return [token, ...token.split(".")].some((part) => part.length >= 16 && text.includes(part));
}
