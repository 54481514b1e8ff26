import { nameOfProxy } from "./environment";

/** Why a server could not be reached, and what to do about it. */
export interface Failure {
  readonly reason: string;
  readonly advice: string;
}

const untrusted = [
  "its certificate is of a CA that is not trusted here",
  "name a file with that CA's certificate in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS",
] as const;
const notTls = [
  "it does not speak TLS on this port",
  "check whether the address is http, or the port another",
] as const;

/** What codes of Node.js, OpenSSL and undici mean, and what helps. */
const KNOWN: Readonly<Record<string, readonly [reason: string, advice: string]>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: ["its certificate has expired", "renew it, or set this machine's clock"],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet", "set this machine's clock"],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "its certificate is for another name",
    "use a name that is in the certificate, or have it issued for this one",
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: notTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: notTls,
  EPROTO: notTls,
  ENOTFOUND: ["ENOTFOUND, no such host", "check the name, and whether HTTPS_PROXY must be set here"],
  "bad port": ["bad port, which `fetch` never calls", "use another port"],
  EAI_AGAIN: ["EAI_AGAIN, the name cannot be resolved now", "check the network and its name server"],
};
/** What helps if nothing more is known. */
export const USUAL_ADVICE = "check that it runs and that the address is right";

/**
 * Explains a failed `fetch`. No text holds a password of a proxy.
 *
 * @param proxy the proxy that the request may have gone by
 */
export function explainFailure(error: unknown, proxy?: URL): Failure {
  if (!(error instanceof Error)) return { reason: "unknown", advice: USUAL_ADVICE };
  const cause = causeOf(error);
  const { code, message } = cause;
  if (proxy) {
    const by = explainProxy(cause, proxy);
    if (by) return by;
  }
  const [reason, advice] = KNOWN[code ?? message] ?? [code ?? message, USUAL_ADVICE];
  return { reason: !code || reason.includes(code) ? reason : `${reason} (${code})`, advice };
}

function explainProxy(cause: Cause, proxy: URL): Failure | undefined {
  const name = nameOfProxy(proxy);
  const [, status] = /\((\d{3})\)/.exec(cause.message) ?? [];
  if (status === "407") {
    return {
      reason: `the proxy ${name} asks for a user and a password (407)`,
      advice: "put them into the proxy's address: http://user:password@host:port",
    };
  }
  if (status !== undefined && /tunnel/i.test(cause.message)) {
    return {
      reason: `the proxy ${name} refused the connection (${status})`,
      advice: "have the host allowed there, or name it in NO_PROXY to go without the proxy",
    };
  }
  const port = Number(proxy.port || (proxy.protocol === "https:" ? 443 : 80));
  const isOfProxy = cause.hostname === proxy.hostname || (cause.address !== undefined && cause.port === port);
  if (!isOfProxy) return undefined;
  return {
    reason: `the proxy ${name} cannot be reached (${cause.code})`,
    advice: "check HTTPS_PROXY and HTTP_PROXY, or name the host in NO_PROXY to go without the proxy",
  };
}

interface Cause {
  readonly code?: string;
  readonly message: string;
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
}

/** The innermost cause: `fetch` itself says only that it failed, and a name may stand for several addresses. */
function causeOf(error: Error): Cause {
  let found: Error & { errors?: readonly Error[] } = error;
  for (let depth = 0; depth < 8; depth++) {
    const next = found.errors?.[0] ?? found.cause;
    if (!(next instanceof Error)) break;
    found = next;
  }
  return found;
}
