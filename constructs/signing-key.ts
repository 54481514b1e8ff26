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

/** The public half of a key pair that a machine signs its client assertions with. */
export interface ISigningKey {
  /**
   * What the key signs with. Keycloak accepts no other algorithm from the client, unless keys of two kinds are rotated.
   */
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
   * The file of the private half, relative to `cdktf.json`. Terraform's providers read it only to sign in
   * (`DeployerClient`) or to copy it into a container (`MachineContainer`). To synthesize, diff or deploy the client, it
   * is not needed.
   *
   * Throws for keys made elsewhere (`SigningKeyPair.fromCertificateFile`): their private half is not known here.
   */
  readonly privateKeyFile: string;
}
