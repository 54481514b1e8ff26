import type { AcceptedKey } from "./contract/client-keys";
import type { SigningAlgorithm } from "./keys/algorithms";

/** Options of {@link SigningKeyPair.fromCertificateFile}. */
export interface CertificateFileOptions {
  /**
   * What the key signs with. It has to fit the key of the certificate; only an RSA key leaves a choice.
   *
   * @default - by the certificate's key: RS256 for RSA, ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
}

/** Options of {@link SigningKeyPair.fromPublicKeyFile}. */
export interface PublicKeyFileOptions {
  /**
   * What the keys sign with.
   *
   * @default - the `alg` of a JWK, or by the key: RS256 for RSA, ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for
   *   Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
}

/** Options of {@link SigningKeyPair.fromJwksUri}. */
export interface JwksUriOptions {
  /** What the keys sign with. Keycloak accepts nothing else from the client. */
  readonly algorithm: SigningAlgorithm;
  /**
   * Let Keycloak fetch the keys without TLS. Whoever answers in the machine's place can then sign in as the machine. For
   * local development only.
   *
   * @default false
   */
  readonly allowInsecureHttp?: boolean;
}

/** The public keys by which Keycloak knows the client assertions of a machine. */
export interface IPublicKeys {
  /**
   * What the key signs with. Keycloak accepts no other algorithm from the client, unless keys of two kinds are rotated.
   */
  readonly algorithm: SigningAlgorithm;
  /** Every key that Keycloak is to accept; more than one while keys are rotated. Empty with a `jwksUri`. */
  readonly acceptedKeys: readonly AcceptedKey[];
  /** Where Keycloak fetches the keys, if it is not told them (RFC 7517 section 5). */
  readonly jwksUri?: string;
}

/** The public half of a key pair that a machine signs its client assertions with, and its certificate. */
export interface ISigningKey extends IPublicKeys {
  /** The certificate in PEM. */
  readonly certificatePem: string;
  /** The certificate as one line of base64, as Keycloak's attribute `jwt.credential.certificate` takes it. */
  readonly certificateBase64: string;
  /** Key id: base64url(SHA-256(SubjectPublicKeyInfo)), the one Keycloak computes for a certificate. */
  readonly kid: string;
  /** The public key as a JWK (RFC 7517): its own members, `alg`, `kid` and `use`. */
  readonly publicJwk: Readonly<Record<string, string>>;
  /** End of the certificate's validity. */
  readonly notAfter: Date;
  /**
   * The file of the private half, relative to `cdktf.json`. Terraform's providers read it only to sign in
   * (`DeployerClient`) or to copy it into a container (`MachineContainer`). To synthesize, diff or deploy the client, it
   * is not needed.
   *
   * Throws for keys made elsewhere (`SigningKeyPair.fromCertificateFile`): their private half is not known here.
   */
  readonly privateKeyFile: string;
}
