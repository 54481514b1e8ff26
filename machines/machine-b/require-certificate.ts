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
  const error = "client_certificate_required";
  const error_description = `connect with a client certificate that is trusted here: ${whyNoCertificate(socket)}`;
  // Every 401 names a scheme (RFC 9110 section 15.5.2). There is none for certificates, and a token is needed too.
  c.header("www-authenticate", `Bearer error="${error}", error_description="${error_description}"`);
  return c.json({ error, error_description }, 401);
}
