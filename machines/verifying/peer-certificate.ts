import type { X509Certificate } from "node:crypto";

/** What is needed of a `TLSSocket`. Frameworks put other things in its place. */
interface Peer {
  readonly authorized?: unknown;
  readonly authorizationError?: unknown;
  getPeerX509Certificate?(): X509Certificate | undefined;
  getProtocol?(): string | null;
}

/** Node.js parses and encodes a certificate anew each time, which takes longer than all the rest of a call. */
const certificates = new WeakMap<Peer, Buffer>();

/**
 * The certificate of a connection's client in DER, if Node.js has verified it. `undefined` for any other connection.
 *
 * `authorized` alone is not enough: in a resumed session of TLS 1.3, Node.js sets it without any certificate.
 */
export function certificateOf(socket: unknown): Buffer | undefined {
  if (!isPeer(socket) || socket.authorized !== true) return undefined;
  const known = certificates.get(socket);
  if (known) return known;
  const certificate = socket.getPeerX509Certificate?.()?.raw;
  // In TLS 1.2 a client may show another certificate later, by a renegotiation (RFC 5746). TLS 1.3 has none (RFC 8446, 4.1.2).
  if (certificate && socket.getProtocol?.() === "TLSv1.3") certificates.set(socket, certificate);
  return certificate;
}

const UNTRUSTED = "it is of a CA that is not trusted here";
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "it has expired",
  CERT_NOT_YET_VALID: "it is not valid yet",
  CERT_REVOKED: "it is revoked",
  CERT_SIGNATURE_FAILURE: "its signature is wrong",
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  INVALID_PURPOSE: "it is not for clients (extended key usage clientAuth)",
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
};

/** Why a connection has no verified client certificate, in words that a header may hold. */
export function whyNoCertificate(socket: unknown): string {
  if (!isPeer(socket) || !socket.getPeerX509Certificate?.()) return "none was sent";
  const code = String(socket.authorizationError).replace(/\W/g, "?").slice(0, 100);
  return REASONS[code] ?? `it cannot be verified (${code})`;
}

function isPeer(socket: unknown): socket is Peer {
  return typeof socket === "object" && socket !== null;
}
