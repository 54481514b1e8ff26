import type { Context, Next } from "hono";
import { certificateOf, whyNoCertificate } from "../verifying/peer-certificate";
import type { Bindings } from "./limit-body";

/** Health checks have no certificate, and tell nothing of anybody. */
const OPEN_TO_ALL = ["/healthz", "/readyz"];

/**
 * Answers 401 to a request over a connection without a trusted client certificate. The TLS handshake does not refuse it: a
 * caller would see a closed connection, and no reason.
 */
export async function requireCertificate(
  c: Context<{ Bindings: Bindings }>,
  next: Next,
): Promise<Response | undefined> {
  const socket = c.env?.incoming?.socket;
  if (OPEN_TO_ALL.includes(c.req.path) || certificateOf(socket)) {
    await next();
    return undefined;
  }
  const error_description = `connect with a client certificate that is trusted here: ${whyNoCertificate(socket)}`;
  c.header("www-authenticate", "Bearer"); // every 401 names a way; there is none for certificates
  return c.json({ error: "client_certificate_required", error_description }, 401);
}
