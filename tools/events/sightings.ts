import { BY_ERROR, CAUSES, type CauseCode, causeInWords } from "./causes";
import type { LoginEvent } from "./login-events";
import type { LoggedRefusal } from "./server-log";

/** Somebody who was granted a token, or refused, as it is shown. The names are those of `--json`. */
export interface Sighting {
  /** Tells it from every other one. */
  readonly id: string;
  readonly time: string;
  readonly realm: string;
  readonly client: string;
  readonly outcome: "granted" | "refused";
  /** What was asked for: a token, or what Keycloak says of one. */
  readonly asked: "token" | "introspection";
  readonly address?: string;
  /** The first characters of the key's id, where the assertion's `jti` begins with them. */
  readonly key?: string;
  /** Keycloak's error code. */
  readonly error?: string;
  readonly cause?: CauseCode | "unknown";
  readonly reason?: string;
  readonly remedy?: string;
  /** Keycloak's own words, where it has any. */
  readonly said?: string;
  /** Where the cause is known from. */
  readonly knownBy?: "log" | "event" | "earlier sign-in";
}

/** What the sources of one realm tell. */
export interface Told {
  readonly realm: string;
  readonly events: readonly LoginEvent[];
  /** The types that the realm keeps. Others are taken from the log. */
  readonly kept: readonly string[];
  /** `undefined` where the server's log cannot be read. */
  readonly log: readonly LoggedRefusal[] | undefined;
}

const SHOWN = /^(CLIENT_LOGIN|INTROSPECT_TOKEN)(_ERROR)?$/;

/** What an event and its line in the log may differ by, where no `jti` ties them. */
const APART_MS = 2000;

/** Everybody that the events and the log of a realm tell of, the oldest first. */
export function sightings({ realm, events, kept, log }: Told): Sighting[] {
  const left = log?.filter((one) => one.realm === realm) ?? [];
  const granted = new Map(
    events.filter(({ error }) => !error).flatMap((event) => (jtiOf(event) ? [[jtiOf(event)!, event]] : [])),
  );
  const stored = [...events].sort(byTime).map((event) => {
    const line = event.error === undefined ? undefined : lineOf(event, left);
    if (line) left.splice(left.indexOf(line), 1);
    return sightingOf(realm, event, { line, isLogged: log !== undefined, granted });
  });
  const others = left
    .filter(({ type }) => !kept.includes(type))
    .map((line) => sightingOf(realm, line, { line, isLogged: true, granted }));
  return [...stored, ...others].flatMap((one) => one ?? []).sort((one, two) => (one.time < two.time ? -1 : 1));
}

/** The line of an event: of the same assertion, or of the same client at the same time where no assertion is known. */
function lineOf(event: LoginEvent, lines: readonly LoggedRefusal[]): LoggedRefusal | undefined {
  const isOfEvent = (line: LoggedRefusal) =>
    line.type === event.type &&
    line.error === event.error &&
    jtiOf(line) === jtiOf(event) &&
    line.clientId === event.clientId;
  const distance = (line: LoggedRefusal) => Math.abs(line.time - event.time);
  const most = jtiOf(event) === undefined ? APART_MS : 10 * APART_MS;
  return lines
    .filter((line) => isOfEvent(line) && distance(line) <= most)
    .sort((one, two) => distance(one) - distance(two))[0];
}

interface Context {
  readonly line: LoggedRefusal | undefined;
  readonly isLogged: boolean;
  /** The sign-ins that were granted, by the assertion's `jti`. */
  readonly granted: ReadonlyMap<string, LoginEvent>;
}

function sightingOf(realm: string, event: LoginEvent, context: Context): Sighting | undefined {
  const { time, type, clientId, ipAddress: address, error, details = {} } = event;
  // 26.4.7 tells a refused introspection twice. The second says nothing but that there was a first.
  if (!SHOWN.test(type) || details.detail === "Authentication failed.") return undefined;
  const key = /^([\w-]{8})\./.exec(jtiOf(event) ?? "")?.[1];
  const who = {
    id: event.id ?? [time, type, clientId, jtiOf(event)].join(" "),
    time: new Date(time).toISOString(),
    realm,
    client: clientId ?? details.client_assertion_sub ?? "unknown",
    outcome: error === undefined ? "granted" : "refused",
    asked: type.startsWith("INTROSPECT") ? "introspection" : "token",
    ...(address && { address }),
    ...(key && { key }),
  } as const;
  return error === undefined ? who : { ...who, error, ...causeOf(event, error, context) };
}

type Why = Pick<Sighting, "cause" | "reason" | "remedy" | "said" | "knownBy">;

/** From the surest to the least sure: the event's own words, the log's, an earlier use of the assertion, the error code. */
function causeOf(event: LoginEvent, error: string, { line, isLogged, granted }: Context): Why {
  const { details = {} } = event;
  const policy = details.client_policy_error_detail;
  const told = policy ?? details.reason ?? details.detail;
  if (told !== undefined) {
    const cause = causeInWords(told) ?? (policy === undefined ? BY_ERROR[error] : "policy-refused");
    return why(cause, { said: told, knownBy: "event" });
  }
  const logged = line?.said && causeInWords(line.said);
  if (logged) return why(logged, { said: line.said, knownBy: "log" });
  if (error !== "invalid_client_credentials") return why(BY_ERROR[error], { knownBy: "event" });
  const before = granted.get(jtiOf(event) ?? "");
  if (before && before.time <= event.time) return why("replay", { knownBy: "earlier sign-in" });
  if (jtiOf(event) === undefined) return why("assertion-missing", { knownBy: "event" });
  // Keycloak logs a wrong signature, an unknown key and a replay. A line without such a reason rules them out.
  return isLogged && line ? why("assertion-refused", { knownBy: "log" }) : why("credentials-wrong", {});
}

function why(cause: CauseCode | undefined, known: Pick<Why, "said" | "knownBy">): Why {
  if (cause === undefined) return { cause: "unknown", reason: "for a reason that is not known here", ...known };
  const { words: reason, remedy } = CAUSES[cause];
  return { cause, reason, remedy, ...known };
}

function jtiOf({ details = {} }: LoginEvent): string | undefined {
  return details.client_assertion_id;
}

function byTime(one: LoginEvent, two: LoginEvent): number {
  return one.time - two.time;
}
