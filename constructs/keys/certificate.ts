import { createHash, createPublicKey, type KeyObject, type X509Certificate } from "node:crypto";
import type { SigningAlgorithm } from "./algorithms";
import { KeyError } from "./errors";
import { fittingAlgorithm } from "./key-fit";
import { leafOf, NoLeaf } from "./leaf";
import { otherForm } from "./other-forms";

/** The public facts of a certificate, as Keycloak and a reviewer need them. */
export interface CertificateFacts {
  /** PEM, with markers. */
  readonly pem: string;
  /** The same bytes as one line of base64, as Keycloak's `jwt.credential.certificate` takes it. */
  readonly base64: string;
  /** What its key signs with. */
  readonly algorithm: SigningAlgorithm;
  /** base64url(SHA-256(SubjectPublicKeyInfo)), which is what Keycloak computes in certificate mode. */
  readonly kid: string;
  /** The public key as a JWK (RFC 7517) with `alg`, `kid` and `use`, members in alphabetical order. */
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** How a certificate is read. */
export interface ReadOptions {
  /**
   * What its key is to sign with.
   *
   * @default - by the key: RS256 for RSA, ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
  /**
   * What to do about a key that is of no use, for errors.
   *
   * @default "give a certificate of another key"
   */
  readonly replace?: string;
}

/** Reads the facts of a certificate in PEM, or of the one that is meant in a bundle; `where` names it in errors. */
export function readCertificate(pem: string, where: string, options: ReadOptions = {}): CertificateFacts {
  const { algorithm: asked, replace = "give a certificate of another key" } = options;
  const certificate = parse(pem, where);
  const key = certificate.publicKey;
  const algorithm = fittingAlgorithm(key, { file: where, verb: "certify", replace }, asked);
  const kid = keyId(key);
  return {
    pem: certificate.toString(),
    base64: certificate.raw.toString("base64"),
    algorithm,
    kid,
    publicJwk: publicJwk(key, algorithm, kid),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** base64url(SHA-256(SubjectPublicKeyInfo)) of a private or public key. */
export function keyId(key: KeyObject): string {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest("base64url");
}

/** In one order always: what goes into the JSON must not differ between versions of Node.js. */
export function publicJwk(key: KeyObject, alg: SigningAlgorithm, kid: string): Readonly<Record<string, string>> {
  const members = Object.entries({ ...key.export({ format: "jwk" }), alg, kid, use: "sig" }) as [string, string][];
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function parse(pem: string, where: string): X509Certificate {
  try {
    const certificate = leafOf(pem);
    // These are parsed only when they are read, and may be missing in a certificate that parses.
    const { publicKey, validFrom, validTo } = certificate;
    const areTimes = [validFrom, validTo].every((time) => !Number.isNaN(Date.parse(time)));
    if (publicKey && areTimes) return certificate;
    throw new Error("no public key, or no time");
  } catch (cause) {
    if (cause instanceof NoLeaf) {
      throw new KeyError(
        "CERTIFICATE_AMBIGUOUS",
        `${where} must hold one certificate, and beside it only those that issued it, got: ${cause.message}; keep the one of the machine's key`,
      );
    }
    throw new KeyError(
      "CERTIFICATE_CORRUPT",
      `${where} must hold an X.509 certificate in PEM, got: ${inWords(pem)}; restore it from version control`,
      { cause },
    );
  }
}

/** What a text is that holds no certificate in PEM. Bytes that are no text are lost in it. */
function inWords(text: string): string {
  if (text.includes("\ufffd")) {
    return "binary data; convert DER (openssl x509 -inform DER -in FILE -out FILE.pem) or PKCS#12 (openssl pkcs12 -in FILE -clcerts -nokeys -out FILE.pem)";
  }
  return otherForm(Buffer.from(text)) ?? `${text.length} characters that cannot be parsed`;
}
