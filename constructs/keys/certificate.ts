import { createHash, createPublicKey, type KeyObject, randomBytes, X509Certificate } from "node:crypto";
import { asn1, md, pki } from "node-forge";
import { KeyError } from "./errors";
import { MINIMUM_RSA_BITS } from "./private-key";

const DAY_MS = 86_400_000;

/** The public facts of a certificate, as Keycloak and a reviewer need them. */
export interface CertificateFacts {
  /** PEM, with markers. */
  readonly pem: string;
  /** The same bytes as one line of base64, as Keycloak's `jwt.credential.certificate` takes it. */
  readonly base64: string;
  /** base64url(SHA-256(SubjectPublicKeyInfo)), which is what Keycloak computes in certificate mode. */
  readonly kid: string;
  readonly notAfter: Date;
}

/** Self-signs an X.509 certificate (SHA-256, CN = name) over a key, valid from now. */
export function selfSign(key: KeyObject, commonName: string, validityDays: number, now = new Date()): string {
  const privateKey = pki.privateKeyFromPem(key.export({ type: "pkcs1", format: "pem" }) as string);
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.setRsaPublicKey(privateKey.n, privateKey.e);
  certificate.serialNumber = serialNumber();
  certificate.validity.notBefore = now;
  certificate.validity.notAfter = new Date(now.getTime() + validityDays * DAY_MS);
  const subject = [{ name: "commonName", value: commonName, valueTagClass: asn1.Type.UTF8 as never }];
  certificate.setSubject(subject);
  certificate.setIssuer(subject);
  certificate.setExtensions([
    { name: "basicConstraints", cA: false, critical: true },
    { name: "keyUsage", digitalSignature: true, critical: true },
    { name: "subjectKeyIdentifier" },
  ]);
  certificate.sign(privateKey, md.sha256.create());
  return pki.certificateToPem(certificate).replaceAll("\r\n", "\n");
}

/** Reads the facts of a PEM certificate; `where` names it in errors. */
export function readCertificate(pem: string, where: string): CertificateFacts {
  const certificate = parse(pem, where);
  const key = certificate.publicKey;
  if (key.asymmetricKeyType !== "rsa") {
    throw new KeyError("KEY_NOT_RSA", `${where} must certify an RSA key, got: ${key.asymmetricKeyType}`);
  }
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < MINIMUM_RSA_BITS) {
    throw new KeyError(
      "KEY_TOO_SHORT",
      `${where} must certify an RSA key of at least ${MINIMUM_RSA_BITS} bits (RFC 7518 section 3.3), got: ${bits}`,
    );
  }
  return {
    pem: certificate.toString(),
    base64: certificate.raw.toString("base64"),
    kid: keyId(key),
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

function parse(pem: string, where: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new KeyError(
      "CERTIFICATE_CORRUPT",
      `${where} must hold an X.509 certificate in PEM, got: ${pem.length} characters that cannot be parsed; restore it from version control`,
      { cause },
    );
  }
}

/** 127 random bits: positive and at most 20 octets, as RFC 5280 section 4.1.2.2 demands. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("hex");
}
