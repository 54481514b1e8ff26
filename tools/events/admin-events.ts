import type { Ask } from "../keycloak/admin-api";
import type { Login } from "../keycloak/login";
import { eventsConfiguration, pages } from "./login-events";

/** A change, as Keycloak keeps it. Clients and users are told by their ids. */
export interface AdminEvent {
  readonly id?: string;
  readonly time: number;
  readonly operationType: string;
  readonly resourceType: string;
  /** Below the realm; none for the realm itself. */
  readonly resourcePath?: string;
  readonly authDetails?: {
    readonly realmId?: string;
    readonly clientId?: string;
    readonly userId?: string;
    readonly ipAddress?: string;
  };
}

/** Who made a change, and how. */
export interface Change {
  readonly time: string;
  /** Who it was: a name where Keycloak tells it, else an id. */
  readonly who: string;
  /** The client that they signed in by, such as `security-admin-console`. */
  readonly client: string;
  readonly from: string;
  /** Whether it was signed in as Terraform is. */
  readonly asTerraform: boolean;
  readonly event: AdminEvent;
}

/** The most changes that are read of one realm. */
const MOST = 500;

/** The changes of a realm since a time, the newest first; `undefined` where it keeps none, or none for this login to see. */
export async function changesSince(ask: Ask, realm: string, since: Date, login: Login): Promise<Change[] | undefined> {
  if (!(await eventsConfiguration(ask, realm))?.adminEventsEnabled) return undefined;
  const events = await pages<AdminEvent>(ask, [realm, "admin-events"], [], { since, most: MOST });
  return await Promise.all(events.map((event) => changeOf(ask, realm, event, login)));
}

/**
 * Names who made a change. Terraform is known by its client, and by the administrator's name where it has no client of its
 * own: whoever signs in the same way is taken for it.
 */
async function changeOf(ask: Ask, realm: string, event: AdminEvent, login: Login): Promise<Change> {
  const { realmId, clientId = "unknown", userId = "unknown", ipAddress: from = "unknown" } = event.authDetails ?? {};
  const own = ((await ask(realm)).body as { id?: string } | undefined)?.id;
  const home = realmId !== undefined && realmId === own ? realm : "master";
  const client = await nameOf(ask, [home, "clients", clientId], "clientId");
  const who = await nameOf(ask, [home, "users", userId], "username");
  const terraform = login.client_id ?? "admin-cli";
  return { time: new Date(event.time).toISOString(), who, client, from, asTerraform: client === terraform, event };
}

async function nameOf(ask: Ask, path: readonly [string, string, string], name: string): Promise<string> {
  const { body } = await ask(...path);
  const value = (body as Record<string, unknown> | undefined)?.[name];
  return typeof value === "string" ? value : path[2];
}
