import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";

/** The certificate that a server shows to machine-a. */
export function servedBy(folder: string, port: number): Promise<X509Certificate> {
  const [cert, key] = ["crt", "key"].map((end) => readFileSync(join(folder, `certs/machine-a-tls.${end}`)));
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false, cert, key }, () => {
      resolve(new X509Certificate(socket.getPeerCertificate().raw));
      socket.end();
    }).once("error", reject);
  });
}
