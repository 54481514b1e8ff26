import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { pki } from "node-forge";
import { certificateSignatureOf } from "./algorithms";
import {
  BOOLEAN,
  bits,
  der,
  INTEGER,
  implicit,
  integer,
  type Node,
  NULL,
  OCTETSTRING,
  octets,
  oid,
  parsed,
  primitive,
  sequence,
  set,
  tagged,
  time,
  UTF8,
} from "./asn1";

/** Who signs a certificate. */
export interface CertificateIssuer {
  readonly key: KeyObject;
  /** Its own subject. */
  readonly name: Node;
  /** Its own subject key identifier. */
  readonly keyIdentifier: string;
}

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: Node;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Beside the identifiers of the two keys. */
  readonly extensions: readonly Node[];
}

/** What makes each certificate another one, whatever it says. */
export interface Seal {
  /** 16 octets. */
  readonly serialNumber: (publicKey: KeyObject) => Buffer;
  readonly sign: (digest: string | null, body: Buffer, key: KeyObject) => Buffer;
}

const GENUINE: Seal = { serialNumber: () => randomBytes(16), sign };

/**
 * Signs an X.509 certificate (RFC 5280) by an RSA, EC or Ed25519 key, and gives it in PEM.
 *
 * node-forge encodes and `node:crypto` signs: node-forge's own certificates are for RSA alone. A key for PS256 signs as
 * one for RS256, as its use is said by the client and not by the certificate.
 */
export function signCertificate(content: CertificateContent, issuer: CertificateIssuer, seal = GENUINE): string {
  const signature = certificateSignatureOf(issuer.key);
  const algorithm = sequence(oid(signature.oid), ...(signature.nullParameters ? [primitive(NULL, "")] : []));
  const body = toBeSigned(content, issuer, algorithm, serialNumber(seal.serialNumber(content.publicKey)));
  const signed = seal.sign(signature.digest, der(body), issuer.key); // for EC in DER, as certificates have it
  return pem(der(sequence(body, algorithm, bits(signed))));
}

/** A key that signs its own certificate. */
export function itself(key: KeyObject, name: Node): CertificateIssuer {
  return { key, name, keyIdentifier: keyIdentifier(createPublicKey(key)) };
}

/** A distinguished name with a common name alone. */
export function commonName(text: string): Node {
  return sequence(set(sequence(oid(pki.oids.commonName!), primitive(UTF8, Buffer.from(text).toString("latin1")))));
}

export function extension(name: string, value: Node, isCritical = false): Node {
  return sequence(oid(name), ...(isCritical ? [primitive(BOOLEAN, "\xff")] : []), octets(value));
}

/** SHA-1 of the public key's bits, RFC 5280 section 4.2.1.2 (1). */
export function keyIdentifier(publicKey: KeyObject): string {
  const [, key] = parsed(spkiOf(publicKey)).value as Node[];
  const withUnusedBits = key!.value as string;
  return createHash("sha1").update(withUnusedBits.slice(1), "latin1").digest().toString("latin1");
}

/** TBSCertificate, RFC 5280 section 4.1. */
function toBeSigned(content: CertificateContent, issuer: CertificateIssuer, algorithm: Node, serial: string): Node {
  const { subject, publicKey, notBefore, notAfter, extensions } = content;
  const identifier = primitive(OCTETSTRING, keyIdentifier(publicKey));
  return sequence(
    tagged(0, integer(2)), // version 3
    primitive(INTEGER, serial),
    algorithm,
    issuer.name,
    sequence(time(notBefore), time(notAfter)),
    subject,
    parsed(spkiOf(publicKey)),
    tagged(
      3,
      sequence(
        ...extensions,
        extension(pki.oids.subjectKeyIdentifier!, identifier),
        // Only a CA's own certificate may leave the other one out (RFC 5280 section 4.2.1.1).
        extension(pki.oids.authorityKeyIdentifier!, sequence(implicit(0, issuer.keyIdentifier))),
      ),
    ),
  );
}

function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ type: "spki", format: "der" });
}

/** 127 bits, random in a genuine certificate: positive and at most 20 octets, as RFC 5280 section 4.1.2.2 demands. */
function serialNumber(bytes: Buffer): string {
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("latin1");
}

function pem(content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
