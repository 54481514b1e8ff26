import type { Server, ServerOptions } from "node:https";
import type { followTls } from "../calling/tls-options";
import type { ClientCertificates } from "./certificate-settings";

/** How machine-b serves over TLS. */
export interface ServerTls {
  /** Its certificate and key, and the CAs of its callers. */
  readonly files: ReturnType<typeof followTls>;
  readonly clientCertificates: ClientCertificates;
}

/** How often the files are looked at. */
const lookEveryMs = 2000;

/**
 * The options of the server. A caller without a trusted certificate is not refused in the handshake, but by an answer that
 * has the reason. Node.js then tells by `authorized` whether the certificate is trusted, and for clients.
 *
 * @param handshakeTimeout milliseconds
 */
export function secureOptions(tls: ServerTls, handshakeTimeout: number | undefined): ServerOptions {
  return {
    ...contextOf(tls),
    requestCert: tls.clientCertificates !== "none",
    rejectUnauthorized: false,
    handshakeTimeout,
  };
}

/**
 * Takes up renewed files for new connections. Open ones go on with what they have begun with, and so does the trust in
 * their client's certificate. Sessions of before are not resumed.
 */
export function followFiles(server: Server, tls: ServerTls): void {
  let used = tls.files.current();
  const look = () => {
    if (tls.files.current() === used) return;
    used = tls.files.current();
    server.setSecureContext(contextOf(tls));
  };
  const timer = setInterval(look, lookEveryMs).unref();
  server.once("close", () => clearInterval(timer));
}

function contextOf({ files, clientCertificates }: ServerTls) {
  const { ca, cert, key } = files.current();
  return { cert, key, ...(clientCertificates !== "none" && { ca }), minVersion: "TLSv1.2" as const };
}
