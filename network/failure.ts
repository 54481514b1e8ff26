import { shown } from "../constructs/keys/shown";
import { nameOfProxy } from "./environment";

/** Why a server could not be reached, and what to do about it. */
export interface Failure {
  readonly reason: string;
  readonly advice: string;
}

/** The files that a program uses for TLS, for advice. */
export interface TlsOfCaller {
  readonly caFile?: string;
  readonly certificateFile?: string;
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
  INVALID_PURPOSE: [
    "its certificate is not for servers",
    "have it issued with the extended key usage serverAuth, or check whether it is a client's",
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
 * What a server says of the client's certificate, by the end of the alert's name. Before it, versions of OpenSSL write
 * `SSLV3_`, `TLSV1_`, `TLSV13_` or `SSL/TLS_`.
 *
 * @see RFC 8446 section 6.2
 */
const ALERTS: Readonly<Record<string, string>> = {
  BAD_CERTIFICATE: "it is damaged or signed wrongly",
  UNSUPPORTED_CERTIFICATE: "it is of a kind or for a purpose that is not accepted",
  CERTIFICATE_REVOKED: "it is revoked",
  CERTIFICATE_EXPIRED: "it has expired, or is not valid yet",
  CERTIFICATE_UNKNOWN: "it is not accepted",
  UNKNOWN_CA: "it is of a CA that is not trusted there",
  ACCESS_DENIED: "its owner may not connect",
  DECRYPT_ERROR: "its signature is wrong",
};

/**
 * Explains a failed `fetch`. No text holds a password of a proxy.
 *
 * @param proxy the proxy that the request may have gone by
 * @param tls the files of an https request that may have some
 */
export function explainFailure(error: unknown, proxy?: URL, tls?: TlsOfCaller): Failure {
  if (!(error instanceof Error)) return { reason: "unknown", advice: USUAL_ADVICE };
  const cause = causeOf(error);
  const { code, message } = cause;
  if (proxy) {
    const by = explainProxy(cause, proxy);
    if (by) return by;
  }
  const known = (code && ofAlert(code, tls)) || (tls && ofFiles(cause, tls)) || KNOWN[code ?? message];
  const [reason, advice] = known || [code ?? message, USUAL_ADVICE];
  return { reason: !code || reason.includes(code) ? reason : `${reason} (${code})`, advice };
}

type Explained = readonly [reason: string, advice: string];

/** What a server says by an alert of TLS. */
function ofAlert(code: string, tls: TlsOfCaller | undefined): Explained | undefined {
  const [, alert = ""] = /^ERR_SSL_.+_ALERT_(.+)$/.exec(code) ?? [];
  const file = tls?.certificateFile;
  const giveOne = `give a client certificate that it trusts${tls ? ": `tls.certificateFile` and `tls.keyFile`" : ""}`;
  if (alert === "PROTOCOL_VERSION") {
    return ["it speaks neither TLS 1.3 nor 1.2", "turn one of them on there"];
  }
  if (alert === "HANDSHAKE_FAILURE" && !file) {
    return ["it agrees to no connection, and may ask for a client certificate", giveOne];
  }
  if (alert === "HANDSHAKE_FAILURE") {
    return [
      "it agrees to no connection",
      `check its TLS settings, and that it takes the certificate in ${named(file)}`,
    ];
  }
  if (alert === "CERTIFICATE_REQUIRED" || (alert in ALERTS && !file))
    return ["it asks for a client certificate", giveOne];
  if (!(alert in ALERTS)) return undefined;
  return [
    `it refuses the client certificate: ${ALERTS[alert]}`,
    `renew the certificate in ${named(file)}, or have its CA trusted there`,
  ];
}

/** What the files of the program have to do with it. */
function ofFiles({ code, message }: Cause, { caFile, certificateFile }: TlsOfCaller): Explained | undefined {
  const [reason] = KNOWN[code ?? ""] ?? [];
  if (reason === untrusted[0] && caFile !== undefined) {
    return [reason, `put that CA's certificate into ${shown(caFile)} (\`tls.caFile\`)`];
  }
  // With TLS 1.3 a server sees the client's certificate after the handshake. It often only closes the connection then.
  if (code !== "ECONNRESET" && code !== "EPIPE" && message !== "other side closed") return undefined;
  const closed = `it closed the connection (${code ?? message})`;
  return certificateFile === undefined
    ? [closed, `${USUAL_ADVICE}, and whether it asks for a client certificate (\`tls.certificateFile\`)`]
    : [closed, `${USUAL_ADVICE}, and that it takes the client certificate in ${named(certificateFile)}`];
}

function named(certificateFile: string | undefined): string {
  return `${shown(certificateFile)} (\`tls.certificateFile\`)`;
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
