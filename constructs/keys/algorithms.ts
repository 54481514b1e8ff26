import { constants, type KeyObject, type SigningOptions } from "node:crypto";
import type { KeyShape } from "./generate";

type Digest = "sha256" | "sha384" | "sha512";

/** A kind of key. */
interface KeyKind {
  /** What errors and notices call it. */
  readonly name: string;
  readonly article: "a" | "an";
  /** Node.js' `asymmetricKeyType`, and for `ec` its `namedCurve`. */
  readonly type: KeyShape["type"];
  readonly curve?: string;
  /** Bits of the modulus: the fewest that are safe (RFC 7518 section 3.3), and the most that a new key gets. */
  readonly bits?: { readonly least: number; readonly most: number };
  /**
   * How a certificate is signed by such a key. RFC 4055 wants the parameters NULL for RSA; RFC 5758 and RFC 8410 want
   * none.
   */
  readonly certificate: { readonly oid: string; readonly nullParameters: boolean; readonly digest: Digest | null };
}

/** A signature algorithm. */
interface Algorithm {
  readonly kind: KeyKind;
  /** The hash that is signed; `null` for an algorithm that hashes by itself. */
  readonly digest: Digest | null;
  /** The padding, or the form of the signature, as Node.js' `sign` and `verify` take it. */
  readonly options: SigningOptions;
  /** The fewest and the most bytes of a signature. */
  readonly signatureBytes: readonly [least: number, most: number];
}

// A modulus above 8192 bits takes minutes to make and slows every signature, for nothing that a machine's key needs.
const RSA: KeyKind = {
  name: "RSA",
  article: "an",
  type: "rsa",
  bits: { least: 2048, most: 8192 },
  certificate: { oid: "1.2.840.113549.1.1.11", nullParameters: true, digest: "sha256" }, // sha256WithRSAEncryption
};
const P256: KeyKind = {
  name: "P-256",
  article: "a",
  type: "ec",
  curve: "prime256v1",
  certificate: { oid: "1.2.840.10045.4.3.2", nullParameters: false, digest: "sha256" }, // ecdsa-with-SHA256
};
const P384: KeyKind = {
  name: "P-384",
  article: "a",
  type: "ec",
  curve: "secp384r1",
  certificate: { oid: "1.2.840.10045.4.3.3", nullParameters: false, digest: "sha384" }, // ecdsa-with-SHA384
};
const P521: KeyKind = {
  name: "P-521",
  article: "a",
  type: "ec",
  curve: "secp521r1",
  certificate: { oid: "1.2.840.10045.4.3.4", nullParameters: false, digest: "sha512" }, // ecdsa-with-SHA512
};
const ED25519: KeyKind = {
  name: "Ed25519",
  article: "an",
  type: "ed25519",
  certificate: { oid: "1.3.101.112", nullParameters: false, digest: null },
};

/** OpenSSL verifies by no longer one. A signature by one takes minutes. */
const LONGEST_RSA = 16_384;
/** A signature is as long as the modulus. Keys above 8192 bits are not made here, but others may bring one. */
const RSA_BYTES = [256, 2048] as const;
/** The salt is as long as the hash. */
const pss = (saltLength: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
/** JWS wants r and s side by side, and not in DER as certificates do. */
const R_AND_S = { dsaEncoding: "ieee-p1363" } as const;

/**
 * The table of signature algorithms for client assertions. Of the algorithms of one kind of key, the first is the usual one.
 *
 * A new algorithm is a row here. Making keys, certificates, signing, the checks of keys and signatures, and the words of
 * errors follow from it. Two things do not: machines/machine-a/call.sh is Bash and knows the algorithms by itself, and
 * the tests have an independent list in test/machines/issuer-fixture.ts.
 *
 * @see RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1
 */
export const ALGORITHMS = {
  RS256: { kind: RSA, digest: "sha256", options: {}, signatureBytes: RSA_BYTES },
  RS384: { kind: RSA, digest: "sha384", options: {}, signatureBytes: RSA_BYTES },
  RS512: { kind: RSA, digest: "sha512", options: {}, signatureBytes: RSA_BYTES },
  PS256: { kind: RSA, digest: "sha256", options: pss(32), signatureBytes: RSA_BYTES },
  PS384: { kind: RSA, digest: "sha384", options: pss(48), signatureBytes: RSA_BYTES },
  PS512: { kind: RSA, digest: "sha512", options: pss(64), signatureBytes: RSA_BYTES },
  ES256: { kind: P256, digest: "sha256", options: R_AND_S, signatureBytes: [64, 64] },
  ES384: { kind: P384, digest: "sha384", options: R_AND_S, signatureBytes: [96, 96] },
  ES512: { kind: P521, digest: "sha512", options: R_AND_S, signatureBytes: [132, 132] },
  EdDSA: { kind: ED25519, digest: null, options: {}, signatureBytes: [64, 64] },
} as const satisfies Record<string, Algorithm>;

/** One of the signature algorithms of client assertions; EdDSA stands for Ed25519. */
export type SigningAlgorithm = keyof typeof ALGORITHMS;

export const SIGNING_ALGORITHMS = Object.keys(ALGORITHMS) as readonly SigningAlgorithm[];

const KINDS: readonly KeyKind[] = [...new Set(SIGNING_ALGORITHMS.map(kindBehind))];

/** Every kind of key in words: "an RSA, P-256, P-384, P-521 or Ed25519 key". */
export const ANY_KEY = `${KINDS[0]!.article} ${inWords(KINDS.map(({ name }) => name))} key`;

/** The algorithms that a key can sign with, the usual one first. None for a kind of key that is not in the table. */
export function algorithmsOf(key: KeyObject): readonly SigningAlgorithm[] {
  const kind = kindIn(key);
  return SIGNING_ALGORITHMS.filter((algorithm) => kindBehind(algorithm) === kind);
}

/** The kind of key that an algorithm signs with, such as "P-256". */
export function kindFor(algorithm: SigningAlgorithm): string {
  return kindBehind(algorithm).name;
}

/** A key for an algorithm in words, such as "a P-256 key". */
export function keyFor(algorithm: SigningAlgorithm): string {
  const { article, name } = kindBehind(algorithm);
  return `${article} ${name} key`;
}

/** The kind of a key, such as "P-256". For a kind that is not in the table, OpenSSL's words. */
export function kindOf(key: KeyObject): string {
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  return kindIn(key)?.name ?? [asymmetricKeyType, asymmetricKeyDetails?.namedCurve].filter(Boolean).join(" ");
}

/** How long a key for an algorithm may be, in bits. `undefined` where all keys have one size. */
export function bitsFor(algorithm: SigningAlgorithm): KeyKind["bits"] {
  return kindBehind(algorithm).bits;
}

/** What is wrong with the size of a key in bits: the rule in words, and its source if it is of an RFC. */
export function unfitSizeOf(
  key: KeyObject,
): { readonly rule: string; readonly source: string; readonly bits: number } | undefined {
  const allowed = kindIn(key)?.bits;
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (!allowed) return undefined;
  if (bits < allowed.least) return { rule: `at least ${allowed.least} bits`, source: " (RFC 7518 section 3.3)", bits };
  return bits > LONGEST_RSA ? { rule: `at most ${LONGEST_RSA} bits`, source: "", bits } : undefined;
}

/** What a new key for an algorithm looks like. `rsaBits` counts for RSA alone. */
export function shapeOf(algorithm: SigningAlgorithm, rsaBits: number): KeyShape {
  const { type, curve = "" } = kindBehind(algorithm);
  if (type === "rsa") return { type, modulusLength: rsaBits };
  return type === "ec" ? { type, namedCurve: curve } : { type };
}

/** The same for a notice: "RSA-2048", "P-256". */
export function shapeInWords(algorithm: SigningAlgorithm, rsaBits: number): string {
  const { name, bits } = kindBehind(algorithm);
  return bits ? `${name}-${rsaBits}` : name;
}

/** How a certificate is signed by a key. A curve that is not in the table signs as the first one that is. */
export function certificateSignatureOf(key: KeyObject): KeyKind["certificate"] {
  return (kindIn(key) ?? KINDS.find(({ type }) => type === key.asymmetricKeyType))!.certificate;
}

function kindIn({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): KeyKind | undefined {
  return KINDS.find(({ type, curve }) => type === asymmetricKeyType && curve === asymmetricKeyDetails?.namedCurve);
}

function kindBehind(algorithm: SigningAlgorithm): KeyKind {
  return ALGORITHMS[algorithm].kind;
}

/** "A", "A or B", "A, B or C". */
export function inWords(names: readonly string[]): string {
  if (names.length < 2) return names.join("");
  return `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
}
