import type { Construct } from "constructs";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import type { Realm as RealmResource } from "../../.gen/providers/keycloak/realm";
import { RealmEvents } from "../../.gen/providers/keycloak/realm-events";

/** What a realm says of its events. */
interface EventProps {
  readonly realmName: string;
  readonly loginEventsSeconds?: number;
  readonly adminEventsSeconds?: number;
}

/**
 * Declares which events a realm keeps, where it says anything of them. The settings of all events are one resource. Its id
 * is from when it held sign-ins alone.
 */
export function declareEvents(
  scope: Construct,
  provider: KeycloakProvider,
  props: EventProps,
  realm: RealmResource,
): void {
  const { realmName: realmId, loginEventsSeconds, adminEventsSeconds } = props;
  if (loginEventsSeconds === undefined && adminEventsSeconds === undefined) return;
  new RealmEvents(scope, "LoginEvents", {
    provider,
    realmId,
    eventsEnabled: loginEventsSeconds !== undefined,
    ...(loginEventsSeconds !== undefined && {
      eventsExpiration: loginEventsSeconds,
      enabledEventTypes: ["CLIENT_LOGIN", "CLIENT_LOGIN_ERROR"],
    }),
    eventsListeners: ["jboss-logging"], // Keycloak's own, which would be removed: events go to the log as before
    // Without their details, which hold what was sent: secrets too.
    adminEventsEnabled: adminEventsSeconds !== undefined,
    dependsOn: [realm],
  });
}

/**
 * How long a realm keeps the events of administrators. Keycloak has this among the realm's attributes, and not among the
 * settings of events.
 */
export function adminEventsExpiration({ adminEventsSeconds }: EventProps): Readonly<Record<string, string>> {
  return adminEventsSeconds === undefined ? {} : { adminEventsExpiration: String(adminEventsSeconds) };
}
