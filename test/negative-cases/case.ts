import type { KeyObject } from "node:crypto";
import type { VerifierOptions } from "../../machines/verifying/verify-token";
import type { Algorithm } from "../machines/issuer-fixture";
import type { Base } from "./forge";

/** What the verifier says: the code, and for ERR_TOKEN_CLAIM the claim behind it. */
export type Verdict = "accepted" | `ERR_TOKEN_${string}`;

/** What Keycloak says: `accepted`, or status, OAuth error and description as `400 invalid_client: text`. */
export type Answer = string;

/** What Keycloak says again and again. */
export const SAYS = {
  algorithm: "400 invalid_client: Invalid signature algorithm",
  signature:
    "400 invalid_client: Client authentication with signed JWT failed: Signature on JWT token failed validation",
  key: "400 invalid_client: Unable to load public key",
  unreadable: "400 invalid_client: Client authentication with signed JWT failed: (a Java exception)",
  audience: "400 invalid_client: Invalid token audience",
  inactive: "400 invalid_client: Token is not active",
  otherClient: "400 invalid_client: client_id parameter does not match sub claim",
  unknown: "401 invalid_client: Invalid client or Invalid client credentials",
  declined: "400 unauthorized_client: Unexpected error when authenticating client",
  reused: "400 invalid_client: Token reuse detected",
  tooLarge: "413",
};

/** One thing to send. It is for the targets whose answer it names. */
export interface Input {
  /** What is sent, in words. */
  readonly sent: string;
  /** @default - a good token */
  readonly token?: (base: Base) => string;
  /** @default - all */
  readonly algorithms?: readonly Algorithm[];
  readonly verifier?: Verdict;
  /** What the verifier is set to, besides audience and algorithm. */
  readonly options?: Partial<VerifierOptions>;
  /** What happens at the issuer before the token is judged. */
  readonly before?: (verifier: VerifierTarget, base: Base, token: string) => Promise<void> | void;
  readonly keycloak?: Answer;
  /** @default - the token endpoint is asked for a token, with the assertion */
  readonly ask?: (keycloak: KeycloakTarget, base: Base) => Promise<Answer>;
  /** Keycloak is restarted: it has to be one that nobody else uses. @default false */
  readonly restarts?: boolean;
}

/** One of the 56 cases. */
export interface Case {
  readonly number: number;
  readonly title: string;
  readonly inputs: readonly Input[];
  /** Why no input is for a target. */
  readonly notFor?: { readonly verifier?: string; readonly keycloak?: string };
  /** What of the case is not sent to Keycloak, and why. */
  readonly leftOut?: string;
}

/** The verifier, with a hand on its issuer and its clock. */
export interface VerifierTarget {
  /** Fails unless the token is accepted. */
  accepts(token: string): Promise<void>;
  /** Makes the issuer publish these keys and no others. */
  publish(keys: readonly object[]): void;
  wait(minutes: number): void;
}

/** The real Keycloak, seen by clients that sign with one algorithm. */
export interface KeycloakTarget {
  /** Asks for an access token as the client of `base`; `form` sets parameters, `undefined` takes one out. */
  ask(base: Base, assertion: string, form?: Readonly<Record<string, string | undefined>>): Promise<Answer>;
  /** An access token for an assertion that has to be accepted. */
  tokenFor(assertion: string): Promise<string>;
  /** Posts any body to an endpoint below the realm's. */
  post(endpoint: string, body: string | URLSearchParams, contentType?: string): Promise<Answer>;
  /** Makes one more client, gone after the tests, and gives what to sign as it with. */
  client(change?: object): Promise<Base>;
  /** Ends the server and starts it again. */
  restart(): Promise<void>;
  /** Changes a client made before. */
  change(base: Base, change: object): Promise<void>;
  /** Whether this Keycloak is of a version, or a later one. */
  isFrom(version: string): boolean;
  /** What introspection tells the client of `base` about a token, as JSON text. */
  introspect(base: Base, token: string): Promise<Answer>;
}

/** A public key as a JWK; `undefined` takes a member out. */
export function jwk(key: { publicKey: KeyObject; kid: string; algorithm: Algorithm }, change: object = {}): object {
  return { ...key.publicKey.export({ format: "jwk" }), kid: key.kid, alg: key.algorithm, use: "sig", ...change };
}

/** The attributes of a client whose keys are listed in the client itself. */
export function keyList(keys: readonly object[]): object {
  return { attributes: { "use.jwks.string": "true", "jwks.string": JSON.stringify({ keys }) } };
}

/** The mapper that puts a client into the audience of another's tokens. */
export function audience(clientId: string): object {
  const config = { "included.client.audience": clientId, "access.token.claim": "true" };
  return { name: "audience", protocol: "openid-connect", protocolMapper: "oidc-audience-mapper", config };
}
