import type { X509Certificate } from "node:crypto";
import type { Authority } from "./certificates/issued";
import type { TlsUsage } from "./certificates/profiles";
import type { TlsFiles } from "./contract/outputs";

/** A CA that servers and machines trust. */
export interface ICertificateAuthority {
  /** What those trust that trust this CA, in PEM: its root, and those of CAs `alongside`. */
  readonly trustedPem: string;
  /** The file of `trustedPem`, relative to `cdktf.json`. */
  readonly trustFile: string;
  /**
   * The CA's own certificate and key. Throws where the key is elsewhere.
   *
   * @internal
   */
  _issue(): Authority;
  /**
   * Whether its key is here.
   *
   * @internal
   */
  _canIssue(): boolean;
  /**
   * Its own roots, without those of CAs alongside.
   *
   * @internal
   */
  readonly _roots: readonly X509Certificate[];
  /**
   * The names that its certificates may have, each with all below it; any if there are none.
   *
   * @internal
   */
  readonly _permittedDnsNames: readonly string[];
}

/** Files of a CA that exists, for `CertificateAuthority.fromFiles`. */
export interface CertificateAuthorityFiles {
  /** Its certificate and those above it up to the root, in PEM and any order; relative to `cdktf.json`. */
  readonly certificateFile: string;
  /**
   * Its private key, relative to `cdktf.json`.
   *
   * @default - none: it is trusted, and others issue by it
   */
  readonly privateKeyFile?: string;
}

/** A certificate for TLS, and where its files are. */
export interface ITlsCertificate {
  /** What it is for. */
  readonly usage: TlsUsage;
  /** The common name (CN) of its subject, which tells clients apart. */
  readonly commonName: string;
  /** The CA that its owner trusts: the one that issued it. */
  readonly authority: ICertificateAuthority;
  /** The certificate and those between it and the root, in PEM, in the order of TLS. */
  readonly certificatePem: string;
  /** SHA-256 of the certificate, as base64url: `x5t#S256` of RFC 8705. */
  readonly thumbprint: string;
  readonly notAfter: Date;
  /** The files for a program, relative to `cdktf.json`: the CA, the certificate and its private key. */
  readonly files: TlsFiles;
  /**
   * Whether it is good for a host name or IP address.
   *
   * @internal
   */
  _isFor(host: string): boolean;
}

/** Files of a certificate that others issue, for `TlsCertificate.fromFiles`. */
export interface TlsCertificateFiles {
  /** The certificate and those above it, in PEM and any order; relative to `cdktf.json`. */
  readonly certificateFile: string;
  /** Its private key, which need not be here to synthesize; relative to `cdktf.json`. */
  readonly privateKeyFile: string;
  /** The CA that issued it. */
  readonly authority: ICertificateAuthority;
  /** What it is for: "server", "client", or "peer" for both. */
  readonly usage: TlsUsage;
}

/** How a server speaks TLS. */
export interface KeycloakTls {
  /**
   * The CA that issues its certificate, and those of its clients.
   *
   * @default - that of `certificate`
   */
  readonly authority?: ICertificateAuthority;
  /**
   * Its certificate, good for `keycloak` and `localhost`.
   *
   * @default - one by `authority`, whose files are called by `containerName`
   */
  readonly certificate?: ITlsCertificate;
  /**
   * The oldest version of TLS.
   *
   * @default "TLSv1.3"
   */
  readonly minimumVersion?: "TLSv1.3" | "TLSv1.2";
  /**
   * What Terraform shows where client certificates are required.
   *
   * @default - one by `authority`, called `CONTAINER_NAME-terraform`
   */
  readonly terraformCertificate?: ITlsCertificate;
}
