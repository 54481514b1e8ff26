// The library for services: `import { … } from "cdktf-keycloak-m2m/machine"`. It knows nothing of Terraform.
export { expressGuard, fastifyGuard, honoGuard, type ProtectedHandler, protect } from "./adapters";
export type { SigningAlgorithm } from "./algorithms";
export { type ConnectionLimits, type Connections, type Fetch, openConnections } from "./connect-to";
export {
  type ErrorCode,
  IssuerError,
  KeyError,
  MachineError,
  OptionError,
  TokenError,
  UnreachableError,
} from "./errors";
export { createGuard, type Guard, type GuardOptions, type Refusal, type Verdict } from "./guard";
export { createIntrospector, type IntrospectorOptions } from "./introspect-token";
export { keyIdOf } from "./key-id";
export type { KeySource, Signer } from "./key-source";
export type { Log } from "./log";
export { type Issuer, type IssuerOptions, openIssuer } from "./open-issuer";
export { type Machine, type MachineOptions, openMachine } from "./open-machine";
export { type AccessToken, requestToken, type TokenRequest } from "./request-token";
export { type AssertionOptions, signAssertion } from "./sign-assertion";
export { loadSigningKey, type SigningKey, type SigningKeyOptions } from "./signing-key";
export type { SkewedClock } from "./skewed-clock";
export { createTokenClient, type TokenClient, type TokenClientOptions } from "./token-client";
export type { TokenRules, VerifiedToken, VerifyToken } from "./verified-token";
export { type BothOptions, verifyBoth } from "./verify-both";
export { createVerifier, type VerifierOptions } from "./verify-token";
export { type WatchOptions, watchSigningKey } from "./watch-signing-key";
