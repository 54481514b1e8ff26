import { stamp } from "../../constructs/keys/key-record";
import { type Ask, withAdminApi } from "../keycloak/admin-api";
import { refused } from "../keycloak/admin-login";
import type { Stack } from "../project/project";

/** A key that a machine signed in with. */
export interface KeyUse {
  /** What the assertion's `jti` gives as the first characters of the key's id, if anything. */
  readonly key: string | undefined;
  /** Where it came from, as Keycloak saw it. */
  readonly address: string;
  readonly last: Date;
}

/** Whose sign-ins are asked for. */
export interface Question {
  readonly stack: Stack;
  readonly realm: string;
  readonly clientId: string;
  readonly providerAlias: string | undefined;
  readonly since: Date;
  /** Whether every sign-in is wanted: an answer that may leave one out is refused. */
  readonly completely: boolean;
}

interface LoginEvent {
  readonly time: number;
  readonly ipAddress?: string;
  readonly details?: { readonly client_assertion_id?: string };
}

const PAGE = 1000;
const MOST_PAGES = 20;

/**
 * The keys that a client's machines signed in with, the latest use of each: from the login events, whose assertion's `jti`
 * begins with the key's id. `undefined` where the realm keeps no events, or none that this login may see.
 *
 * @throws {ToolError} `keycloak-unreachable` where Keycloak does not answer, or refuses the administrator, and where there
 *   are more than 20,000 and all are asked for
 * @see https://www.keycloak.org/docs/latest/server_admin/#auditing-user-events
 */
export async function usesOf(question: Question): Promise<KeyUse[] | undefined> {
  const { stack, providerAlias, realm } = question;
  return await withAdminApi(stack, providerAlias, async (ask) => {
    const read = reading(ask, realm);
    if (!keepsSignIns((await read("config")) as EventsConfiguration | undefined)) return undefined;
    return latest(await eventsOf(read, question));
  });
}

interface EventsConfiguration {
  readonly eventsEnabled?: boolean;
  /** Empty for Keycloak's own choice, of which sign-ins are one. */
  readonly enabledEventTypes?: readonly string[];
}

function keepsSignIns({ eventsEnabled = false, enabledEventTypes: types = [] }: EventsConfiguration = {}): boolean {
  return eventsEnabled && (types.length === 0 || types.includes("CLIENT_LOGIN"));
}

/** What the admin API gives of a realm's events; nothing for a realm whose events are not this login's to see, such as master. */
type Read = (...path: readonly string[]) => Promise<unknown>;

function reading(ask: Ask, realm: string): Read {
  return async (...path) => {
    const { status, body } = await ask(realm, "events", ...path);
    if (status === 200 || status === 403) return body;
    throw refused(`the events of realm ${realm} were answered with HTTP ${status}`);
  };
}

/** The newest come first; a client of many machines has many. */
async function eventsOf(read: Read, question: Question): Promise<LoginEvent[]> {
  const { clientId, since } = question;
  const found: LoginEvent[] = [];
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = new URLSearchParams({
      type: "CLIENT_LOGIN",
      client: clientId,
      max: String(PAGE),
      first: String(page * PAGE),
    });
    const events = (await read(`?${query}`)) as LoginEvent[];
    found.push(...events.filter(({ time }) => time >= since.getTime()));
    if (events.length < PAGE || events.at(-1)!.time < since.getTime()) return found;
  }
  if (!question.completely) return found;
  throw refused(
    `${clientId} has signed in more than ${PAGE * MOST_PAGES} times since ${stamp(since)}: older sign-ins were not read`,
  );
}

function latest(events: readonly LoginEvent[]): KeyUse[] {
  const uses = new Map<string, KeyUse>();
  for (const { time, ipAddress: address = "unknown", details } of events) {
    const key = /^([\w-]{8})\./.exec(details?.client_assertion_id ?? "")?.[1];
    const known = uses.get(`${address} ${key}`);
    if (!known || known.last.getTime() < time) uses.set(`${address} ${key}`, { key, address, last: new Date(time) });
  }
  return [...uses.values()].sort((one, two) => two.last.getTime() - one.last.getTime());
}
