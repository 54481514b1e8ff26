import { createPublicKey, type KeyObject } from "node:crypto";
import { pki } from "node-forge";
import { BITSTRING, primitive, sequence } from "./asn1";
import { DAY_MS } from "./certificate-life";
import { type CertificateContent, commonName, extension, itself, signCertificate } from "./sign-certificate";

/** Self-signs a certificate (CN = name) over the key of a machine's assertions, valid from now. */
export function selfSign(key: KeyObject, name: string, validityDays: number, now = new Date()): string {
  const ends = new Date(now.getTime() + validityDays * DAY_MS);
  const content = assertionCertificate(createPublicKey(key), name, now, ends);
  return signCertificate(content, itself(key, content.subject));
}

/** What such a certificate says: it is for signatures, and has no authority over others. */
export function assertionCertificate(
  publicKey: KeyObject,
  name: string,
  notBefore: Date,
  notAfter: Date,
): CertificateContent {
  const extensions = [
    extension(pki.oids.basicConstraints!, sequence(), true), // cA is FALSE where it is left out
    extension(pki.oids.keyUsage!, primitive(BITSTRING, "\x07\x80"), true), // digitalSignature
  ];
  return { subject: commonName(name), publicKey, notBefore, notAfter, extensions };
}
