import type { RealmClientPolicyProfilePolicyCondition } from "../../.gen/providers/keycloak/realm-client-policy-profile-policy";
import { bindingAttribute, PINNED_ALGORITHM } from "../contract/client-keys";
import type { SigningAlgorithm } from "../keys/algorithms";

/** What access tokens of every machine have to be bound to. */
export type TokenBinding = "dpop" | "certificate";

/** A provider of Keycloak's client policies, with its settings. Lists and objects are JSON in them. */
interface Part {
  readonly name: string;
  readonly configuration: Record<string, string>;
}

const ENFORCERS = { dpop: "dpop-bind-enforcer", certificate: "holder-of-key-enforcer" } as const;
const BY_ITSELF = { "auto-configure": "true" };

/** What Keycloak looks for when a client is made or changed, and at its token requests. */
export function executors(boundTokens: TokenBinding | undefined): Part[] {
  return [
    {
      name: "secure-client-authenticator",
      configuration: {
        "allowed-client-authenticators": JSON.stringify(["client-jwt"]),
        "default-client-authenticator": "client-jwt",
      },
    },
    // Switched off rather than refused: where a setting is not said, Keycloak 26.4.7 fails at a refusal.
    { name: "full-scope-disabled", configuration: BY_ITSELF },
    { name: "reject-ropc-grant", configuration: BY_ITSELF },
    { name: "reject-implicit-grant", configuration: BY_ITSELF },
    ...(boundTokens ? [{ name: ENFORCERS[boundTokens], configuration: { "auto-configure": "false" } }] : []),
  ];
}

/** Clients that have something to sign in with. Those that come with a realm have not. */
export const CONFIDENTIAL: Part = {
  name: "client-access-type",
  configuration: { type: JSON.stringify(["confidential"]) },
};

/**
 * Selects the token requests of machines that lack what they need: no list of allowed attributes fits them. Keycloak's own
 * executor has a fixed list of algorithms, and its enforcer of DPoP does not look at the grant of machines.
 */
export function unfit(
  algorithms: readonly SigningAlgorithm[] | undefined,
  boundTokens: TokenBinding | undefined,
): RealmClientPolicyProfilePolicyCondition[] {
  const bound = boundTokens ? [{ key: bindingAttribute(boundTokens), value: "true" }] : [];
  const pinned = algorithms?.map((value) => [{ key: PINNED_ALGORITHM, value }]) ?? [[]];
  return [
    CONFIDENTIAL,
    { name: "grant-type", configuration: { grant_types: JSON.stringify(["client_credentials"]) } },
    // Votes against it whenever a client is made or changed: the attributes are looked at where a token is asked for.
    { name: "client-updater-context", configuration: { "update-client-source": JSON.stringify(["ByAnonymous"]) } },
    ...pinned.map((key) => ({
      name: "client-attributes",
      configuration: { "is-negative-logic": "true", attributes: JSON.stringify([...key, ...bound]) },
    })),
  ];
}
