import type { Ask } from "../keycloak/admin-api";
import { refused } from "../keycloak/admin-login";

/** A sign-in or an introspection, as Keycloak keeps it. */
export interface LoginEvent {
  readonly id?: string;
  readonly time: number;
  readonly type: string;
  readonly clientId?: string;
  readonly ipAddress?: string;
  readonly error?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** Which events a realm keeps. Empty types stand for Keycloak's own choice, of which these are some. */
export interface EventsConfiguration {
  readonly eventsEnabled?: boolean;
  readonly enabledEventTypes?: readonly string[];
  readonly adminEventsEnabled?: boolean;
}

/** The types that tell who was granted or refused. */
export const TYPES = ["CLIENT_LOGIN", "CLIENT_LOGIN_ERROR", "INTROSPECT_TOKEN_ERROR"] as const;

const PAGE = 200;

/** Whether a realm keeps events of a type. */
export function keeps({ eventsEnabled = false, enabledEventTypes: types = [] }: EventsConfiguration, type: string) {
  return eventsEnabled && (types.length === 0 || types.includes(type));
}

/** Which events a realm keeps; nothing where they are not this login's to see. */
export async function eventsConfiguration(ask: Ask, realm: string): Promise<EventsConfiguration | undefined> {
  return (await bodyOf(ask, realm, "events", "config")) as EventsConfiguration | undefined;
}

/** Whose events are asked for, since when, and how many at most. */
export interface Wanted {
  readonly client?: string;
  readonly types: readonly string[];
  readonly since: Date;
  readonly most: number;
}

/** The latest events, the newest first. Keycloak filters by time, and what is read is bounded. */
export async function loginEvents(ask: Ask, realm: string, wanted: Wanted): Promise<LoginEvent[]> {
  const types = wanted.types.map((type) => ["type", type] as const);
  const query = [...types, ...(wanted.client === undefined ? [] : [["client", wanted.client] as const])];
  return await pages<LoginEvent>(ask, [realm, "events"], query, wanted);
}

/**
 * The newest of a list of events, page by page. Every question is another address: answers to the same are kept.
 */
export async function pages<T extends { readonly id?: string; readonly time: number }>(
  ask: Ask,
  [realm, what]: readonly [string, string],
  query: readonly (readonly [string, string])[],
  { since, most }: Pick<Wanted, "since" | "most">,
): Promise<T[]> {
  // What comes meanwhile moves the pages: the next one may begin with what the last one had.
  const found = new Map<string, T>();
  let read = 0;
  while (read < most) {
    const max = Math.min(PAGE, most - read);
    const parameters = new URLSearchParams([
      ...query,
      ["dateFrom", String(since.getTime())],
      ["first", String(read)],
      ["max", String(max)],
      ["at", String(Date.now())], // which Keycloak does not read
    ] as [string, string][]);
    const page = ((await bodyOf(ask, realm, what, `?${parameters}`)) ?? []) as T[];
    for (const one of page) found.set(one.id ?? JSON.stringify(one), one);
    read += page.length;
    if (page.length < max) break;
  }
  return [...found.values()].filter(({ time }) => time >= since.getTime());
}

/** What the admin API gives of a realm; nothing for what this login may not see. */
async function bodyOf(ask: Ask, realm: string, ...path: readonly string[]): Promise<unknown> {
  const { status, body } = await ask(realm, ...path);
  if (status === 200 || status === 403) return body;
  throw refused(`the events of realm ${realm} were answered with HTTP ${status}`);
}
