import { createPublicKey, type KeyObject, type X509Certificate } from "node:crypto";
import { type Node, parsed } from "../keys/asn1";
import { KeyError } from "../keys/errors";
import { shownPath } from "../keys/shown";
import { type CertificateIssuer, keyIdentifier } from "../keys/sign-certificate";
import { type Chain, isSelfIssued, issuerNameOf, leadsTo, nameOf } from "./chain";
import { type Authority, readKey } from "./issued";

/** 2.5.29.14 in DER. */
const SUBJECT_KEY_IDENTIFIER = "\x55\x1d\x0e";

/** A CA as one that signs: its name and key identifier as its own certificate has them, byte by byte. */
function issuerOf(certificate: X509Certificate, key: KeyObject): CertificateIssuer {
  const [body] = parsed(certificate.raw).value as Node[];
  const members = body!.value as Node[]; // version, serial number, algorithm, issuer, validity, subject (RFC 5280 section 4.1)
  return { key, name: members[5]!, keyIdentifier: identifierIn(members) ?? keyIdentifier(publicHalf(key)) };
}

function publicHalf(key: KeyObject): KeyObject {
  return key.type === "private" ? createPublicKey(key) : key;
}

/** A CA in a unit test, where its key is not needed: see {@link chainForTests}. */
export function authorityForTests(chain: Chain): Authority {
  return { ...issuerOf(chain.leaf, chain.leaf.publicKey), chain };
}

/** A CA by its files. @throws {KeyError} `CREATION_REFUSED` where its key is elsewhere */
export function authorityBy(chain: Chain, keyFile: string): Authority {
  const key = readKey(keyFile);
  if (key) return { ...issuerOf(chain.leaf, key), chain };
  throw new KeyError(
    "CREATION_REFUSED",
    `${shownPath(keyFile)}, the private key of the CA, is not here, so nothing is issued by it; issue it where that key is, and commit the certificate`,
  );
}

/**
 * Checks that a chain is that of a CA, and gives the roots that it leads to.
 *
 * @param all where the roots are among
 * @throws {KeyError} `CERTIFICATE_UNFIT`
 */
export function rootsOf(chain: Chain, all: readonly X509Certificate[], where: string): X509Certificate[] {
  const { leaf, above } = chain;
  for (const one of [leaf, ...above]) {
    if (one.ca) continue;
    throw new KeyError(
      "CERTIFICATE_UNFIT",
      `${where} must hold certificates of a CA (basic constraints CA:TRUE), got: ${nameOf(one)}, which is none; give the CA's own certificate`,
    );
  }
  const roots = all.filter(isSelfIssued);
  if (leadsTo(chain, roots)) return roots;
  throw new KeyError(
    "CERTIFICATE_UNFIT",
    `${where} must hold the whole chain up to the root, got: ${nameOf(above.at(-1) ?? leaf)}, whose issuer ${issuerNameOf(above.at(-1) ?? leaf)} is not the one that is expected; append that one, or declare it`,
  );
}

function identifierIn(body: readonly Node[]): string | undefined {
  const [list] = (body.at(-1)?.value ?? []) as Node[];
  for (const { value } of (list?.value ?? []) as Node[]) {
    const parts = value as Node[];
    if (parts[0]?.value !== SUBJECT_KEY_IDENTIFIER) continue;
    return parsed(Buffer.from(parts.at(-1)!.value as string, "latin1")).value as string;
  }
  return undefined;
}
