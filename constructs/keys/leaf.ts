import { X509Certificate } from "node:crypto";
import { shown } from "./shown";

/** A chain has three or four. More make a list of trusted CAs. */
export const MOST = 20;

/** A text has several certificates, and which one is meant cannot be told. The message says what there is. */
export class NoLeaf extends Error {}

/**
 * The certificate that is meant by a text in PEM: the one that issued none of the others. Bundles have it first or last,
 * and listings of keytool have words around it. Other blocks, such as a private key, are passed over.
 *
 * Does not check: the dates, or the certificates that issued it.
 *
 * @throws {NoLeaf} if several issued none of the others, as in a list of trusted CAs
 * @throws what OpenSSL says of a certificate that it cannot parse
 */
export function leafOf(pem: string): X509Certificate {
  const found = certificateBlocks(pem);
  const blocks = found.length > 0 ? found : [pem];
  if (blocks.length > MOST) throw new NoLeaf(`${blocks.length} certificates`);
  const all = new Map(blocks.map((block) => new X509Certificate(block)).map((one) => [one.fingerprint256, one]));
  const certificates = [...all.values()];
  const leaves = certificates.filter((one) => !certificates.some((other) => other !== one && hasIssued(one, other)));
  if (leaves.length === 1) return leaves[0]!;
  const names = (leaves.length === 0 ? certificates : leaves).map(({ subject = "" }) =>
    shown(subject.replaceAll("\n", ", ")),
  );
  throw new NoLeaf(`${names.length} certificates, none of which issued another one (${names.join("; ")})`);
}

/** The blocks of a text that may be certificates. Other blocks, and words between them, are passed over. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN ((X509|TRUSTED) )?CERTIFICATE-----[^-]*-----END [A-Z0-9 ]{1,30}-----/g) ?? [];
}

/** Whether one has signed the other: by names, identifiers and signature. */
export function hasIssued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false; // signed in a way that OpenSSL does not know
  }
}
