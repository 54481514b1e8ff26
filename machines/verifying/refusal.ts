import type { MachineError } from "../errors";
import type { Log } from "../log";
import { PROOF_ALGORITHMS } from "./check-proof";

/** The answer to a request that is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, string>>;
}

/** How a token is sent. RFC 6750 section 2.1, RFC 9449 section 7.1 */
export type Scheme = "Bearer" | "DPoP";

/** Seconds after which a caller may try again if the issuer could not be asked. */
const retryAfterSeconds = 2;

/**
 * Makes the refusals of a guard, for a scheme.
 *
 * @see RFC 6750 section 3, RFC 9449 section 7.1
 */
export function createRefusals(realm: string | undefined, requireBinding: boolean) {
  const challenge = (scheme: Scheme, parameters: Record<string, string> = {}) => {
    const algs = scheme === "DPoP" && { algs: PROOF_ALGORITHMS.join(" ") };
    const all = Object.entries({ ...(realm && { realm }), ...algs, ...parameters });
    return [scheme, all.map(([name, value]) => `${name}=${quote(value)}`).join(", ")].filter(Boolean).join(" ");
  };
  return (scheme: Scheme) =>
    (status: Refusal["status"], error?: string, text = "", more: Record<string, string> = {}) => {
      const { code, ...others } = more;
      // Only characters that an error description and a header may hold.
      const words = text.replaceAll('"', "'").replace(/[^\x20-\x5b\x5d-\x7e]/g, "?");
      const told = challenge(scheme, { ...(error && { error, error_description: words }), ...others });
      // A token without a proof may be one that is bound to a certificate, so both ways are named.
      const both = requireBinding && scheme === "Bearer" ? [told, challenge("DPoP")] : [told];
      const headers = { "www-authenticate": both.join(", ") };
      const body = { error: error ?? "unauthorized", error_description: words, ...(code && { code }) };
      return { refusal: { status, headers, body } };
    };
}

/** The answer to a token that nobody could judge, and its line in the log. */
export function unanswered({ code, message }: MachineError, log: Log): { readonly refusal: Refusal } {
  log(`machine: a request is answered with 503: ${message} [${code}]`);
  const headers = { "retry-after": String(retryAfterSeconds) };
  return { refusal: { status: 503, headers, body: { error: "temporarily_unavailable", code } } };
}

function quote(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, "?").replace(/["\\]/g, "\\$&")}"`;
}
