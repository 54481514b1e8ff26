// The library for services: `import { … } from "cdktf-keycloak-m2m/machine"`. It knows nothing of Terraform.

export type { SigningAlgorithm } from "../constructs/keys/algorithms";
export {
  type ConnectionOptions,
  type Connections,
  type Dispatching,
  type Fetch,
  type NetworkOptions,
  openConnections,
} from "./calling/connect-to";
export { type Issuer, type IssuerOptions, openIssuer } from "./calling/open-issuer";
export { type Machine, type MachineOptions, openMachine } from "./calling/open-machine";
export { type AccessToken, requestToken, type TokenRequest } from "./calling/request-token";
export type { SkewedClock } from "./calling/skewed-clock";
export type { TlsOptions } from "./calling/tls-options";
export { type AuthHeaders, createTokenClient, type TokenClient, type TokenClientOptions } from "./calling/token-client";
export {
  type ErrorCode,
  IssuerError,
  KeyError,
  MachineError,
  OptionError,
  TokenError,
  UnreachableError,
} from "./errors";
export type { Log } from "./log";
export type {
  ObservedCertificate,
  ObservedEvent,
  ObservedOperation,
  ObservedOutcome,
  Observer,
  OngoingOperation,
} from "./observer";
export { createMetrics, type MetricsOptions } from "./observing/metrics";
export type { PromClient, PromRegistry } from "./observing/prom-client";
export { createTracing, type OpenTelemetry } from "./observing/tracing";
export { createDpopKey, type DpopKey, type ProofRequest } from "./signing/dpop-key";
export { keyIdOf } from "./signing/key-id";
export type { KeySource, Signer } from "./signing/key-source";
export type { SigningKey, SigningKeyOptions } from "./signing/parse-signing-key";
export { type AssertionOptions, signAssertion } from "./signing/sign-assertion";
export { loadSigningKey, signingKeyFromVariable } from "./signing/signing-key";
export { type WatchOptions, watchSigningKey } from "./signing/watch-signing-key";
export { expressGuard, fastifyGuard, honoGuard, type ProtectedHandler, protect } from "./verifying/adapters";
export type { CallerCertificates } from "./verifying/check-certificate";
export {
  createGuard,
  type Guard,
  type GuardedRequest,
  type GuardOptions,
  type Verdict,
} from "./verifying/guard";
export { createIntrospector, type IntrospectorOptions } from "./verifying/introspect-token";
export type { Refusal } from "./verifying/refusal";
export type { RouteNeeds } from "./verifying/route-needs";
export type { Confirmation, TokenRules, VerifiedToken, VerifyOptions, VerifyToken } from "./verifying/verified-token";
export { type BothOptions, verifyBoth } from "./verifying/verify-both";
export { createVerifier, type VerifierOptions } from "./verifying/verify-token";
