import { hash } from "node:crypto";

// What the two sides of a DPoP proof have to agree on: signing/dpop-key.ts makes proofs, verifying/check-proof.ts reads them.

/** The header type of a proof. */
export const PROOF_TYPE = "dpop+jwt";

/** Seconds for which a proof is good, from its `iat` on. */
export const PROOF_SECONDS = 60;

/**
 * The address that a proof is for: without query and fragment, and in one spelling.
 *
 * @returns undefined for a text that is no address
 * @see RFC 9449 sections 4.2 and 4.3, RFC 3986 sections 6.2.2 and 6.2.3
 */
export function proofTarget(address: string): string | undefined {
  if (!URL.canParse(address)) return undefined;
  const { protocol, host, pathname } = new URL(address); // in lower case, without a default port and dot segments
  return `${protocol}//${host}${pathname.replace(/%[0-9a-f]{2}/gi, spelled)}`;
}

/** `ath`: the hash of the access token that a proof is sent with. */
export function tokenHash(accessToken: string): string {
  return hash("sha256", accessToken, "base64url");
}

/** Characters that need no escape are written as they are, and the digits of an escape in upper case. */
function spelled(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[\w.~-]/.test(character) ? character : escaped.toUpperCase();
}
