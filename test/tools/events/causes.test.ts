import { expect, it } from "vitest";
import { causeInWords } from "../../../tools/events/causes";

// Each as Keycloak 26.4.7 says it, with a text that a client sent, or a name that somebody gave.
it.each([
  ["Invalid scopes: Token reuse detected", "scope-refused"],
  ["Invalid scopes: orders:base64", "scope-refused"],
  [
    "PublicKey wasn't found in the storage. Requested kid: 'Token reuse detected' . Available kids: '[k1]'",
    "key-unknown",
  ],
  ["Token 'Signature on JWT token failed validation' already used when authenticating client 'm'.", "replay"],
  ["User 'service-account-base64' disabled", "service-account-lost"],
  ["Client 'DPoP' is not in the token audience", "audience-missing"],
])("%s: the words of others are no cause", (text, cause) => {
  expect(causeInWords(text)).toBe(cause);
});
