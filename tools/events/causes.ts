/** Why Keycloak refuses somebody, in plain words, and what to do. */
export interface Cause {
  readonly words: string;
  readonly remedy: string;
}

const ADVICE = "the machine's own error has Keycloak's words for it (`error_description`)";

/**
 * Every cause that is known, by its code. The codes are what programs read (`--json`).
 *
 * @see https://www.rfc-editor.org/rfc/rfc7523#section-3
 */
export const CAUSES = {
  replay: {
    words: "the assertion was used before",
    remedy: "sign a new assertion for each request, for each attempt too; if the machine does, somebody has copied one",
  },
  "wrong-key": {
    words: "the signature does not fit the client's key",
    remedy: "bring the machine the key that is declared (`m2m keys`), or deploy the one that it has (`m2m up`)",
  },
  "key-unknown": {
    words: "Keycloak has no key of this id for the client",
    remedy: "deploy the key that the machine signs with (`m2m up`), or bring it the declared one (`m2m keys`)",
  },
  "keys-unreachable": {
    words: "Keycloak could not fetch the client's keys from their address",
    remedy: "make the address of its keys (JWKS) answer to Keycloak",
  },
  "assertion-malformed": {
    words: "what was sent as the assertion is no signed JWT",
    remedy: "send a JWT in compact form, as `signAssertion` makes it",
  },
  "assertion-missing": {
    words: "no assertion with a `jti` was sent, or the client signs in otherwise and gave a wrong secret",
    remedy: "sign in by `client_assertion` and `client_assertion_type`, not by a secret",
  },
  "assertion-refused": {
    words:
      "the assertion is expired or from a clock that is off, names another audience or algorithm, or lacks something",
    remedy: `compare the machine's clock with the server's, and its issuer and algorithm with the declared ones; ${ADVICE}`,
  },
  "assertion-expired": {
    words: "the assertion is expired, or the machine's clock is off",
    remedy: "set the machine's clock, and sign a new assertion for each request",
  },
  "audience-wrong": {
    words: "the assertion names another audience",
    remedy: "name the realm's issuer, and nothing else, as `aud` (`ISSUER` of the machine)",
  },
  "algorithm-wrong": {
    words: "the assertion is signed with another algorithm than the declared one",
    remedy: "sign with the declared algorithm, or declare and deploy the other one",
  },
  "sign-in-incomplete": {
    words: "the assertion's `iss` and `sub` differ, or no certificate came for a client that signs in by one",
    remedy: "give the client id as both `iss` and `sub`",
  },
  "credentials-wrong": {
    words: "the client could not prove that it is the client, and Keycloak keeps no reason",
    remedy: ADVICE,
  },
  "client-unknown": {
    words: "the realm has no such client",
    remedy:
      "check the machine's client id and realm; if it was deleted by hand, `m2m drift` shows it and `m2m up` brings it back",
  },
  "client-disabled": {
    words: "the client is disabled",
    remedy: "enable it: `m2m drift` shows whether somebody switched it off by hand, and `m2m up` sets what is declared",
  },
  "service-account-off": {
    words: "the client may not get tokens for itself (its service account is off)",
    remedy: "run `m2m up`: a `SignedJwtClient` has a service account",
  },
  "service-account-lost": {
    words: "the service account of the client is disabled, or gone",
    remedy: "enable the client's user in Keycloak, or have the client made again",
  },
  "client-kind-wrong": {
    words: "the client is of a kind that gets no tokens for itself (public or bearer-only)",
    remedy: "run `m2m up`: a `SignedJwtClient` is confidential",
  },
  "scope-refused": {
    words: "a scope was asked for that the client was not granted",
    remedy: "grant it (`grant` of `ProtectedApi`), or do not ask for it (`SCOPE` of the machine)",
  },
  "certificate-missing": {
    words: "the client's tokens are bound to a certificate, and none came with the connection",
    remedy: "have the machine present its client certificate",
  },
  "proof-refused": {
    words: "the client's tokens are bound by DPoP, and its proof is missing or wrong",
    remedy: "send a new DPoP proof with each request, for this address and with a right clock",
  },
  "policy-refused": {
    words: "a client policy of the realm refuses it",
    remedy: "change the client or the request as the policy demands, or the policy",
  },
  "token-invalid": {
    words: "the token that an API asked about is none of this realm's, or is no longer good",
    remedy: "look at who called the API: it passed on a token of somebody else, a changed or an expired one",
  },
  "audience-missing": {
    words: "the API asked about a token that is not for it",
    remedy: "grant the caller a call of this API (`grantCall`, `grant`), or have it ask for another token",
  },
  "request-wrong": {
    words: "the request lacks something, or has it twice",
    remedy: `correct the request; ${ADVICE}`,
  },
  "not-allowed": {
    words: "the client may not do this",
    remedy: `use the grant \`client_credentials\`; ${ADVICE}`,
  },
  "https-required": {
    words: "the realm demands https",
    remedy: "call Keycloak by https",
  },
  "realm-disabled": {
    words: "the realm is disabled",
    remedy: "run `m2m up`: a declared realm is enabled",
  },
  "server-fault": {
    words: "Keycloak failed",
    remedy: "look at its log (`m2m logs`)",
  },
} as const satisfies Readonly<Record<string, Cause>>;

export type CauseCode = keyof typeof CAUSES;

/**
 * What Keycloak's error codes of client authentication, of the grant `client_credentials`, of introspection and of DPoP
 * mean, where nothing says more.
 *
 * @see https://github.com/keycloak/keycloak/blob/main/server-spi-private/src/main/java/org/keycloak/events/Errors.java
 * @see https://github.com/keycloak/keycloak/blob/main/server-spi-private/src/main/java/org/keycloak/authentication/AuthenticationFlowError.java
 */
export const BY_ERROR: Readonly<Record<string, CauseCode>> = {
  invalid_client_credentials: "credentials-wrong",
  client_credentials_setup_required: "key-unknown",
  client_not_found: "client-unknown",
  client_disabled: "client-disabled",
  invalid_client: "client-kind-wrong",
  unauthorized_client: "not-allowed",
  user_not_found: "service-account-lost",
  user_disabled: "service-account-lost",
  invalid_scope: "scope-refused",
  invalid_dpop_proof: "proof-refused",
  invalid_token: "token-invalid",
  invalid_token_type: "token-invalid",
  invalid_request: "request-wrong",
  not_allowed: "not-allowed",
  access_denied: "not-allowed",
  ssl_required: "https-required",
  realm_disabled: "realm-disabled",
  internal_error: "server-fault",
};

/**
 * Keycloak's own words for it, in an event, in the log or in an answer, as 26.4.7 and 26.7.2 have them. The first counts.
 * Those that repeat what a client sent, or what somebody named it, come first and count by their beginning alone.
 */
const BY_WORDS: readonly (readonly [RegExp, CauseCode])[] = [
  [/^Invalid scopes: /, "scope-refused"],
  [/^Token '.*' already used/s, "replay"],
  [/^PublicKey wasn't found|^Unable to retrieve publicKey/, "key-unknown"],
  [/^User '.*' disabled/s, "service-account-lost"],
  [/^Client '.*' is not in the token audience/s, "audience-missing"],
  [/Token reuse detected/, "replay"],
  [/Signature on JWT token failed validation/, "wrong-key"],
  [/Error when loading public keys/, "keys-unreachable"],
  [/Unable to load public key/, "key-unknown"],
  [/JWSInputException|Parsing error|base64/, "assertion-malformed"],
  [/Token is not active|Token was issued|exp claim is required/, "assertion-expired"],
  [/Invalid token audience|Multiple audiences/, "audience-wrong"],
  [/Invalid signature algorithm|Algorithm (is )?not/, "algorithm-wrong"],
  [/client_assertion|jti claim is required/, "assertion-missing"],
  [/authentication was attempted did not complete|FlowStatus|Unknown result status/, "sign-in-incomplete"],
  [/Client Certification missing/, "certificate-missing"],
  [/DPoP/, "proof-refused"],
  [/not enabled to retrieve service account/, "service-account-off"],
];

/** The cause that some words of Keycloak's tell. */
export function causeInWords(text: string): CauseCode | undefined {
  return BY_WORDS.find(([pattern]) => pattern.test(text))?.[1];
}
