import type { AcceptedKey } from "./contract/client-keys";
import type { SigningAlgorithm } from "./keys/algorithms";

/** Options of {@link SigningKeyPair.fromCertificateFile}. */
export interface CertificateFileOptions {
  /**
   * What the key signs with; it has to fit the certificate's. Only an RSA key leaves a choice.
   *
   * @default - by the certificate's key: RS256 for RSA, ES256 for P-256, EdDSA for Ed25519
   */
  readonly algorithm?: SigningAlgorithm;
}

/** The public half of a key pair a machine signs its client assertions with. */
export interface ISigningKey {
  /** What the key signs with, and what Keycloak accepts from its client: nothing else, but while another kind of key comes or goes. */
  readonly algorithm: SigningAlgorithm;
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
  /** Every key that Keycloak is to accept, this one among them; more than one while keys are rotated. */
  readonly acceptedKeys: readonly AcceptedKey[];
  /**
   * The private half's file, relative to `cdktf.json`. Of Terraform's programs only the provider that signs in by it
   * (`DeployerClient`) or copies it into a container (`MachineContainer`) reads it; it may be absent where only synthesis, diff
   * or deploy of the client happens.
   *
   * Throws for keys made elsewhere ({@link SigningKeyPair.fromCertificateFile}), whose private half is not known here.
   */
  readonly privateKeyFile: string;
}
