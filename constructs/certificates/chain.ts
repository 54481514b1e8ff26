import { X509Certificate } from "node:crypto";
import { KeyError } from "../keys/errors";
import { certificateBlocks, hasIssued, MOST } from "../keys/leaf";
import { shown } from "../keys/shown";

/** A leaf and the certificates above it that peers are sent: all but the root. */
export interface Chain {
  readonly leaf: X509Certificate;
  readonly above: readonly X509Certificate[];
}

/**
 * Every certificate of a text in PEM, each once. Other blocks and words between them are passed over; lines may end as in
 * DOS.
 *
 * @throws {KeyError} `CERTIFICATE_CORRUPT`
 */
export function certificatesIn(pem: string, where: string): X509Certificate[] {
  const blocks = certificateBlocks(pem);
  if (blocks.length === 0 || blocks.length > MOST) {
    throw corrupt(where, blocks.length === 0 ? `${pem.length} characters without one` : `${blocks.length} of them`);
  }
  const all = blocks.map((block) => parsed(block, where));
  return unique(all);
}

/**
 * The order in which peers are sent a chain, whatever the order in the file: the leaf first, then who issued it. Where CAs
 * have certificates of several others (cross-signed), the shortest way to one of the roots is taken.
 *
 * @param roots those that peers trust
 * @throws {KeyError} `CERTIFICATE_AMBIGUOUS`
 */
export function chainOf(
  certificates: readonly X509Certificate[],
  where: string,
  roots: readonly X509Certificate[] = [],
): Chain {
  const leaves = certificates.filter((one) => !certificates.some((other) => other !== one && hasIssued(one, other)));
  if (leaves.length !== 1) {
    throw new KeyError(
      "CERTIFICATE_AMBIGUOUS",
      `${where} must hold one certificate, and beside it only those that issued it, got: ${certificates.length} certificates of which ${leaves.length} issued none of the others; keep one chain`,
    );
  }
  const [leaf] = leaves as [X509Certificate];
  const ways = waysUp(leaf, certificates);
  const above = ways.find((way) => leadsTo({ leaf, above: way }, roots)) ?? ways.at(-1)!;
  return { leaf, above };
}

/** One way from a certificate to each of those above it but roots, the shortest first. CAs may have signed each other. */
function waysUp(leaf: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[][] {
  const between = certificates.filter((one) => one !== leaf && !isSelfIssued(one)).sort(latestFirst);
  const ways: X509Certificate[][] = [[]];
  const seen = new Set([leaf]);
  for (const way of ways) {
    for (const issuer of between) {
      if (seen.has(issuer) || !hasIssued(issuer, way.at(-1) ?? leaf)) continue;
      seen.add(issuer);
      ways.push([...way, issuer]); // the loop comes to it
    }
  }
  return ways;
}

/** An order that the file has no part in. Of two certificates of one CA the newer one is good for longer. */
function latestFirst(one: X509Certificate, two: X509Certificate): number {
  return Date.parse(two.validTo) - Date.parse(one.validTo) || (one.fingerprint256 < two.fingerprint256 ? -1 : 1);
}

/** Whether a chain leads to one of the roots. */
export function leadsTo({ leaf, above }: Chain, roots: readonly X509Certificate[]): boolean {
  const top = above.at(-1) ?? leaf;
  return roots.some((root) => hasIssued(root, top) || root.fingerprint256 === top.fingerprint256);
}

export function isSelfIssued(certificate: X509Certificate): boolean {
  return hasIssued(certificate, certificate);
}

/** Each certificate once, in the order in which they come first. */
export function unique(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint256, one])).values()];
}

export function toPem(certificates: readonly X509Certificate[]): string {
  return certificates
    .map((one) => one.toString().trimEnd())
    .join("\n")
    .concat("\n");
}

/** A subject in one line. Node.js gives none where it is empty. */
export function nameOf({ subject }: X509Certificate): string {
  return inOneLine(subject);
}

/** The name of who issued a certificate, likewise. */
export function issuerNameOf({ issuer }: X509Certificate): string {
  return inOneLine(issuer);
}

function inOneLine(name: string | undefined): string {
  return shown((name || "no name").replaceAll("\n", ", "));
}

function parsed(block: string, where: string): X509Certificate {
  try {
    const certificate = new X509Certificate(block);
    // These are parsed only when they are read, and may be missing in a certificate that parses.
    const { publicKey, validFrom, validTo } = certificate;
    if (publicKey && [validFrom, validTo].every((time) => !Number.isNaN(Date.parse(time)))) return certificate;
  } catch {
    // as below: OpenSSL's text may quote the input
  }
  throw corrupt(where, "one that cannot be parsed");
}

function corrupt(where: string, got: string): KeyError {
  return new KeyError(
    "CERTIFICATE_CORRUPT",
    `${where} must hold X.509 certificates in PEM, got: ${got}; restore it from version control, or convert it (openssl x509 -inform DER -in FILE -out FILE.pem)`,
  );
}
