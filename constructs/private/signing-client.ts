import type { OpenidClientConfig } from "../../.gen/providers/keycloak/openid-client";
import { keyAttributes, keyDescription } from "../contract/client-keys";
import { literal } from "../contract/terraform-text";
import type { IPublicKeys } from "../signing-key";

/**
 * The settings of a confidential client that signs in with a JWT (RFC 7523 section 2.2) for its own service account: every
 * other flow is off, and there are no refresh tokens.
 */
export function signingClient(clientId: string, key: IPublicKeys, attributes: Record<string, string> = {}) {
  return {
    clientId: literal(clientId),
    name: literal(clientId),
    description: keyDescription(key),
    enabled: true,
    accessType: "CONFIDENTIAL",
    clientAuthenticatorType: "client-jwt",
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    useRefreshTokens: false,
    extraConfig: { ...keyAttributes(key), ...attributes },
  } satisfies Partial<OpenidClientConfig>;
}
