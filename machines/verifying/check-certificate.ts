import { hash } from "node:crypto";
import { commonNameOf } from "../../constructs/keys/common-name";
import { shown } from "../../constructs/keys/shown";
import { OptionError, TokenError } from "../errors";
import type { VerifiedToken } from "./verified-token";

/** Callers, and the common name that the certificate of each must have. */
export type CallerCertificates = Readonly<Record<string, string>>;

/**
 * Makes a function that checks the certificate of a request against the token. Only the certificate that a token is bound
 * to may come with it. With `callers`, it must also be the caller's own, and a caller in the list needs one.
 *
 * Does not check: the certificate itself. The TLS layer has, before the guard gets it.
 *
 * @throws {OptionError} `ERR_OPTION` at once for `callers` of another form. The function throws {@link TokenError}
 *   (`ERR_TOKEN_PROOF`)
 * @see RFC 8705 section 3
 */
export function createCertificateCheck(callers?: CallerCertificates) {
  const names = callers === undefined ? undefined : readCallers(callers);
  return ({ caller, confirmation }: VerifiedToken, certificate: Buffer | undefined): void => {
    const name = names?.get(caller);
    if (confirmation?.x5tS256 === undefined) {
      if (name !== undefined) throw refused("is not bound to a certificate, and those of this caller must be");
      return;
    }
    if (!certificate) throw refused("is bound to a client certificate, and the request came without a trusted one");
    if (hash("sha256", certificate, "base64url") !== confirmation.x5tS256) {
      throw refused("is bound to another client certificate than that of the request");
    }
    if (!names) return;
    if (name === undefined) throw refused("is of a caller that is not declared with a certificate here");
    if (commonNameOf(certificate) !== name)
      throw refused("is bound to a certificate of another name than its caller's");
  };
}

function readCallers(callers: CallerCertificates): ReadonlyMap<string, string> {
  if (typeof callers !== "object" || callers === null || Array.isArray(callers)) {
    throw new OptionError(
      `\`callerCertificates\` must be an object of clients and common names, got: ${shown(callers)}`,
    );
  }
  const entries = Object.entries(callers);
  if (entries.length === 0) {
    throw new OptionError("`callerCertificates` must name at least one client; leave it out to accept any certificate");
  }
  for (const [client, name] of entries) {
    if (client !== "" && typeof name === "string" && name !== "") continue;
    throw new OptionError(
      `\`callerCertificates\` must give each client the common name of its certificate, got for ${shown(client) || "an empty client id"}: ${name === "" ? "an empty text" : shown(name)}`,
    );
  }
  return new Map(entries);
}

function refused(rule: string): TokenError {
  return new TokenError("ERR_TOKEN_PROOF", `the token ${rule}`, { claim: "cnf" });
}
