import { createHash, createPublicKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { asn1, pki } from "node-forge";
import { certificateSignatureOf } from "./algorithms";

const DAY_MS = 86_400_000;

const { SEQUENCE, SET, OID, INTEGER, NULL, UTF8, BITSTRING, OCTETSTRING, BOOLEAN, UTCTIME, GENERALIZEDTIME } =
  asn1.Type;

/**
 * Self-signs an X.509 certificate (RFC 5280; SHA-256, CN = name) over an RSA, EC or Ed25519 key, valid from now.
 *
 * node-forge encodes and `node:crypto` signs: node-forge's own certificates are for RSA alone. A key for PS256 gets the
 * same certificate as one for RS256, as its use is said by the client and not by the certificate.
 */
export function selfSign(key: KeyObject, commonName: string, validityDays: number, now = new Date()): string {
  const signature = certificateSignatureOf(key);
  const algorithm = sequence(oid(signature.oid), ...(signature.nullParameters ? [primitive(NULL, "")] : []));
  const body = toBeSigned(createPublicKey(key), algorithm, commonName, now, validityDays);
  const signed = sign(signature.digest, der(body), key); // for EC in DER, as certificates have it
  return pem(der(sequence(body, algorithm, bits(signed))));
}

/** TBSCertificate, RFC 5280 section 4.1. */
function toBeSigned(key: KeyObject, algorithm: asn1.Asn1, commonName: string, from: Date, days: number): asn1.Asn1 {
  const spki = key.export({ type: "spki", format: "der" });
  const name = sequence(
    constructed(SET, [
      sequence(oid(pki.oids.commonName!), primitive(UTF8, Buffer.from(commonName).toString("latin1"))),
    ]),
  );
  return sequence(
    tagged(0, primitive(INTEGER, "\x02")), // version 3
    primitive(INTEGER, serialNumber()),
    algorithm,
    name,
    sequence(time(from), time(new Date(from.getTime() + days * DAY_MS))),
    name,
    asn1.fromDer(spki.toString("latin1")),
    tagged(3, extensions(spki)),
  );
}

/** For signatures, and no authority over others. */
function extensions(spki: Buffer): asn1.Asn1 {
  const critical = primitive(BOOLEAN, "\xff");
  return sequence(
    sequence(oid(pki.oids.basicConstraints!), critical, octets(sequence())), // cA is FALSE where it is left out
    sequence(oid(pki.oids.keyUsage!), critical, octets(primitive(BITSTRING, "\x07\x80"))), // digitalSignature
    sequence(oid(pki.oids.subjectKeyIdentifier!), octets(primitive(OCTETSTRING, keyIdentifier(spki)))),
    // Its own key again: only a CA's certificate may leave it out (RFC 5280 section 4.2.1.1).
    sequence(oid(pki.oids.authorityKeyIdentifier!), octets(sequence(implicit(0, keyIdentifier(spki))))),
  );
}

/** SHA-1 of the public key's bits, RFC 5280 section 4.2.1.2 (1). */
function keyIdentifier(spki: Buffer): string {
  const [, publicKey] = asn1.fromDer(spki.toString("latin1"), { decodeBitStrings: false } as never).value;
  const withUnusedBits = (publicKey as asn1.Asn1).value as string;
  return createHash("sha1").update(withUnusedBits.slice(1), "latin1").digest().toString("latin1");
}

/** 127 random bits: positive and at most 20 octets, as RFC 5280 section 4.1.2.2 demands. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString("latin1");
}

/** Two digits of the year up to 2049, four from then on: RFC 5280 section 4.1.2.5. */
function time(date: Date): asn1.Asn1 {
  return date.getUTCFullYear() < 2050
    ? primitive(UTCTIME, asn1.dateToUtcTime(date))
    : primitive(GENERALIZEDTIME, asn1.dateToGeneralizedTime(date));
}

function primitive(type: asn1.Type, bytes: string): asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, false, bytes);
}

function constructed(type: asn1.Type, members: asn1.Asn1[]): asn1.Asn1 {
  return asn1.create(asn1.Class.UNIVERSAL, type, true, members);
}

function sequence(...members: asn1.Asn1[]): asn1.Asn1 {
  return constructed(SEQUENCE, members);
}

function tagged(tag: number, member: asn1.Asn1): asn1.Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as asn1.Type, true, [member]);
}

function implicit(tag: number, bytes: string): asn1.Asn1 {
  return asn1.create(asn1.Class.CONTEXT_SPECIFIC, tag as asn1.Type, false, bytes);
}

function oid(dotted: string): asn1.Asn1 {
  return primitive(OID, asn1.oidToDer(dotted).getBytes());
}

function octets(content: asn1.Asn1): asn1.Asn1 {
  return primitive(OCTETSTRING, der(content).toString("latin1"));
}

/** A BIT STRING of whole octets: none of the last one's bits is unused. */
function bits(content: Buffer): asn1.Asn1 {
  return primitive(BITSTRING, `\0${content.toString("latin1")}`);
}

function der(node: asn1.Asn1): Buffer {
  return Buffer.from(asn1.toDer(node).getBytes(), "latin1");
}

function pem(content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
