import type { LoginEvent } from "./login-events";

/** One message of Keycloak's log, without the frames of a stack trace. */
interface LogMessage {
  readonly time: number;
  readonly thread: string;
  readonly logger: string;
  readonly text: string;
}

/** A refusal that the log tells, with what Keycloak said right before on the same thread. */
export interface LoggedRefusal extends LoginEvent {
  /** By the log, which has the realm's name. */
  readonly realm: string | undefined;
  /** Keycloak's own words for the reason; absent where it logged none. */
  readonly said?: string;
}

/** How long before its refusal a reason may stand in the log: a request takes this long on a busy machine. */
const BEFORE_MS = 10_000;

/** Loggers of reasons. Others tell of other things on the same thread. */
const REASONS =
  /^org\.keycloak\.(services$|authentication\.|keys\.loader\.|keys\.infinispan\.InfinispanPublicKeyStorageProvider$)/;

/** The lines of `docker logs --timestamps`, plain or in JSON (`--log-console-output=json`). */
export function refusalsIn(log: string): LoggedRefusal[] {
  const found: LoggedRefusal[] = [];
  const reasons = new Map<string, LogMessage>();
  for (const message of log.split("\n").flatMap(messageIn)) {
    if (REASONS.test(message.logger)) reasons.set(message.thread, message);
    if (message.logger !== "org.keycloak.events") continue;
    const event = eventIn(message);
    const reason = reasons.get(message.thread);
    reasons.delete(message.thread);
    if (!event?.error) continue;
    const isOfThis = reason && message.time - reason.time <= BEFORE_MS && isAbout(reason.text, event);
    found.push({ ...event, ...(isOfThis && { said: reason.text }) });
  }
  return found;
}

/** A reason that names an assertion is of this assertion alone. */
function isAbout(text: string, { details = {} }: LoginEvent): boolean {
  const named = /^Token '(.*)' already used/.exec(text)?.[1];
  return named === undefined || named === details.client_assertion_id;
}

/** `2026-11-30T01:49:09.096Z 2026-11-30 01:49:09,096 WARN  [org.keycloak.events] (executor-thread-2) …` */
const LINE = /^(\S+) (?:\S+ \S+ +[A-Z]+ +\[([^\]]+)\] \(([^)]*)\) (.*)|(\{.*\}))\s*$/;

function messageIn(line: string): LogMessage[] {
  const [, stamp = "", logger = "", thread = "", text = "", json] = LINE.exec(line) ?? [];
  const time = Date.parse(stamp);
  if (Number.isNaN(time)) return [];
  return json === undefined ? [{ time, thread, logger, text }] : inJson(time, json);
}

function inJson(time: number, json: string): LogMessage[] {
  try {
    const { loggerName: logger = "", threadName = "", hostName = "", message = "", exception } = JSON.parse(json);
    const { exceptionType = "", message: cause = "" } = exception ?? {};
    const thread = `${hostName} ${threadName}`; // a cluster's log is that of several servers
    return [{ time, thread, logger, text: [message, exceptionType, cause].filter(Boolean).join(": ") }];
  } catch {
    return []; // a program that is no Keycloak, or a line that was cut
  }
}

/**
 * `type="CLIENT_LOGIN_ERROR", realmId="…", clientId="machine-a", error="…", client_assertion_id="…"`. Keycloak writes a
 * quotation mark in a value as `\"`, and a backslash as it is.
 */
const PAIR = /\b(\w+)="((?:\\"|[^"])*)"(?:, |$)/g;

function eventIn({ time, text }: LogMessage): (LoginEvent & { readonly realm: string | undefined }) | undefined {
  const pairs = [...text.matchAll(PAIR)].map(([, name, value]) => [name, value!.replaceAll('\\"', '"')] as const);
  const {
    type,
    realmId: _id,
    realmName: realm,
    clientId,
    userId: _user,
    ipAddress,
    error,
    ...details
  } = Object.fromEntries(pairs.filter(([, value]) => value !== "null")) as Record<string, string>;
  if (type === undefined) return undefined;
  return {
    time,
    type,
    realm,
    ...(clientId && { clientId }),
    ...(ipAddress && { ipAddress }),
    ...(error && { error }),
    details,
  };
}
