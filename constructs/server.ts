import type { Construct, IDependable } from "constructs";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import type { SigningAlgorithm } from "./keys/algorithms";
import type { SignIn } from "./private/sign-in";
import type { ICertificateAuthority, ITlsCertificate } from "./tls";

/** Whether a server asks those who connect for a certificate. */
export type ClientCertificates = (typeof CLIENT_CERTIFICATES)[number];

export const CLIENT_CERTIFICATES = ["none", "request", "required"] as const;

/** A Keycloak that realms can be declared on. */
export interface IKeycloakServer {
  /** Where Terraform and a browser reach it, without a trailing slash. */
  readonly url: string;
  /** What the issuers of its realms start with, without a trailing slash. */
  readonly issuerBase: string;
  /** The CA of its certificate, where one is declared. */
  readonly authority?: ICertificateAuthority;
  /** Whether it asks those who connect for a certificate, as far as it is declared. */
  readonly clientCertificates?: ClientCertificates;
  /** The provider for resources on this server, in the stack of `scope`. */
  keycloakProvider(scope: Construct): KeycloakProvider;
  /** What the first resource on this server depends on, in the stack of `scope`. */
  dependencies(scope: Construct): IDependable[];
  /**
   * How Terraform signs in, for a `DeployerClient` to change. Undefined if the user decides it: for a server with a `provider`
   * of the user's, and for a server class of the user's own.
   *
   * @internal
   */
  readonly _signIn?: SignIn;
}

/** A Keycloak in Docker: one server, or several behind one address. */
export interface IKeycloakInDocker extends IKeycloakServer {
  /** How it runs. */
  readonly mode: "optimized" | "dev" | "production";
  /** Name of the Docker network that machines join. In the server's own stack it is a reference to the network. */
  readonly networkName: string;
  /** `host:port=address:port` for programs outside the network, as in curl's `--connect-to`. */
  readonly connectTo: string;
  /**
   * The same for machines in the network: there a public address need not lead anywhere.
   *
   * @internal
   */
  readonly _connectToInside?: string;
}

/** A client of realm `master` that signs in with a JWT. */
export interface DeployerAttributes {
  readonly clientId: string;
  /** Its private key; absolute or relative to `cdktf.json`. Terraform reads the file. It is not needed to synthesize. */
  readonly privateKeyFile: string;
  /**
   * What the key signs with.
   *
   * @default "RS256"
   */
  readonly algorithm?: SigningAlgorithm;
}

/** Properties of {@link KeycloakServer.fromUrl}. */
export interface KeycloakServerAttributes {
  /** Where Terraform reaches it, without a trailing slash. */
  readonly url: string;
  /**
   * What the issuers of its realms start with, without a trailing slash.
   *
   * @default - `url`
   */
  readonly issuerBase?: string;
  /**
   * The CA of its certificate.
   *
   * @default - those that Terraform's machine trusts
   */
  readonly authority?: ICertificateAuthority;
  /**
   * What Terraform shows where the server requires client certificates.
   *
   * @default - none
   */
  readonly terraformCertificate?: ITlsCertificate;
  /**
   * The client that Terraform signs in as: a `DeployerClient` that another app declares with `ofAnotherApp`.
   *
   * @default - the administrator, see `provider`
   */
  readonly deployer?: DeployerAttributes;
  /**
   * A provider of your own.
   *
   * @default - a provider that signs in as the administrator. The variables `<id>_admin_username` and `<id>_admin_password`
   * give that administrator, or `KEYCLOAK_USER` and `KEYCLOAK_PASSWORD`
   */
  readonly provider?: KeycloakProvider;
}
