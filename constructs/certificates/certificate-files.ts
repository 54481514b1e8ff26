import { join, resolve } from "node:path";

/** Where the files of a certificate are, as it was declared. */
export interface CertificatePlace {
  readonly name: string;
  /** Folder of the certificate, which is committed. */
  readonly directory: string;
  /** Folder of the private key; the same one, unless it lives elsewhere. */
  readonly privateKeyDirectory: string;
}

/** The files of a certificate: it and what stands above it in PEM, and its private key. */
export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** `NAME-tls.crt` and `NAME-tls.key`; folders are absolute, or relative to `root`. */
export function tlsFiles(root: string, place: CertificatePlace): CertificateFiles {
  return filesBy(root, place, `${place.name}-tls`);
}

/** `NAME.crt` and `NAME.key` of a CA. */
export function authorityFiles(root: string, place: CertificatePlace): CertificateFiles {
  return filesBy(root, place, place.name);
}

/** `….trust.crt` beside a certificate: what its owner trusts. */
export function trustFileBeside(certificate: string): string {
  return `${certificate.replace(/\.(crt|pem|cer)$/i, "")}.trust.crt`;
}

function filesBy(root: string, { directory, privateKeyDirectory }: CertificatePlace, stem: string): CertificateFiles {
  return {
    certificate: join(resolve(root, directory), `${stem}.crt`),
    key: join(resolve(root, privateKeyDirectory), `${stem}.key`),
  };
}
