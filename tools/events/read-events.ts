import { logSince } from "../engines/logs";
import type { Ask } from "../keycloak/admin-api";
import { eventsConfiguration, keeps, loginEvents, TYPES } from "./login-events";
import type { WatchedRealm } from "./realms";
import { refusalsIn } from "./server-log";
import { type Sighting, sightings } from "./sightings";

/** What is asked for. */
export interface Question {
  readonly client?: string;
  readonly since: Date;
  /** How many, the latest of them. */
  readonly most: number;
  readonly refusedOnly: boolean;
}

/** The most lines of a log that are read: a refusal with its stack trace has some sixty. */
const MOST_LINES = 200_000;

/** Who was granted or refused in one realm, the latest ones, the oldest first. */
export async function readSightings(ask: Ask, watched: WatchedRealm, question: Question): Promise<Sighting[]> {
  const { realm, logs } = watched;
  const { client, since, most, refusedOnly } = question;
  const configuration = (await eventsConfiguration(ask, realm)) ?? {};
  const kept = TYPES.filter((type) => keeps(configuration, type));
  const read = async (types: readonly string[]) =>
    types.length === 0 ? [] : await loginEvents(ask, realm, { client, types, since, most });
  const [grants, refusals] = [true, false].map((are) => kept.filter((type) => (type === "CLIENT_LOGIN") === are));
  const events = await read(refusedOnly ? refusals! : kept);
  // Without a log, only a sign-in before tells a replay. They are counted apart: there are many for each refusal.
  if (refusedOnly && logs.length === 0) events.push(...(await read(grants!)));
  const log = logs.length === 0 ? undefined : await refusalsSince(watched, since); // after what it is to explain
  return sightings({ realm, events, kept, log })
    .filter((one) => client === undefined || one.client === client)
    .filter(({ outcome }) => !refusedOnly || outcome === "refused")
    .slice(-most);
}

async function refusalsSince({ logs }: WatchedRealm, since: Date) {
  const texts = await Promise.all(logs.map((one) => logSince(one, since, MOST_LINES, {})));
  return texts.flatMap(refusalsIn);
}

/** What is not known of a realm, and how it would be. */
export async function gaps(ask: Ask, { realm, logs }: WatchedRealm): Promise<string[]> {
  const configuration = await eventsConfiguration(ask, realm);
  if (realm === "master" && !configuration?.eventsEnabled) return []; // it holds what Terraform signs in as, and no machines
  const log = logs.length > 0;
  if (configuration === undefined) {
    return [`the events of realm ${realm} are not for this login to see; ${log ? FROM_LOG : NOTHING}`];
  }
  const keepsAny = keeps(configuration, "CLIENT_LOGIN_ERROR") || keeps(configuration, "CLIENT_LOGIN");
  if (!keepsAny) {
    return [
      `realm ${realm} keeps no login events: declare \`loginEventsSeconds\`, and run \`m2m up\`; ${log ? FROM_LOG : NOTHING}`,
    ];
  }
  return log
    ? []
    : [`the log of realm ${realm} is not of a container here: a wrong key and a wrong time are one to its events`];
}

const FROM_LOG = "its server's log tells of refusals alone";
const NOTHING = "nothing is known of it";
