import { NetworkSettingError } from "../../network/environment";
import { explainFailure, USUAL_ADVICE } from "../../network/failure";
import { plainLine } from "../../network/plain-text";
import { type Fault, KeycloakError, NotKeycloakError } from "./errors";

const BUSY = new Set([408, 429, 502, 503, 504]);
/**
 * Keycloak also answers so to a transaction that lost a race, 409 where its database gave it no lock in time. A second
 * try is safe and often succeeds; where the fault is what the status says, it returns.
 */
export const LOST_RACE = new Set([409, 500]);
const REFUSED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);
/** The admin client's error for a successful answer to a create that does not come from Keycloak. */
const WITHOUT_LOCATION = /^(location header|resourceId) is not found in /;
const BROKEN = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "ETIMEDOUT", "ECONNABORTED"]);

/**
 * The fault behind an error of the admin client or of fetch. Null: the error is a defect of the provider.
 *
 * @param proxy the proxy that the request may have gone by
 */
export function faultOf(error: unknown, proxy?: URL): Fault | null {
  if (error instanceof KeycloakError) return error.fault;
  if (error instanceof NotKeycloakError) {
    return { kind: "not-keycloak", got: error.message, temporary: true, ambiguous: true };
  }
  if (error instanceof NetworkSettingError) {
    return { kind: "other", got: error.message, temporary: false, ambiguous: false, advice: "Correct or unset it" };
  }
  const { response, responseData, name } = error as { response?: Response; responseData?: unknown; name?: string };
  if (response) return statusFault(response.status, responseData, response.url);
  if (error instanceof Error && WITHOUT_LOCATION.test(error.message)) {
    return { kind: "not-keycloak", got: "an answer that does not say what was made", temporary: true, ambiguous: true };
  }
  if (name === "TimeoutError") {
    return { kind: "timeout", got: "no answer in time", temporary: true, ambiguous: true };
  }
  const code = causeCode(error);
  // Fetch refuses some addresses itself, such as a forbidden port. That error has a cause without a code.
  if (!code && error instanceof TypeError && error.cause instanceof Error) {
    return { kind: "other", got: error.cause.message, temporary: false, ambiguous: false };
  }
  if (!code) return null;
  const temporary = REFUSED.has(code) || BROKEN.has(code);
  const { reason, advice } = explainFailure(error, proxy);
  const isExplained = advice !== USUAL_ADVICE && !(code in KNOWN);
  return {
    kind: temporary ? "unreachable" : "other",
    got: isExplained || reason.startsWith("the proxy") ? reason : describe(code, error),
    ...(advice !== USUAL_ADVICE && { advice }),
    temporary,
    ambiguous: BROKEN.has(code),
  };
}

export function statusFault(status: number, body: unknown, url?: string): Fault {
  const message = messageIn(body);
  const got = `HTTP ${status}${message ? `, "${message}"` : ""}`;
  const temporary = BUSY.has(status) || LOST_RACE.has(status);
  return { kind: "status", status, got, temporary, ambiguous: status >= 500 && status !== 503, ...(url && { url }) };
}

/** Keycloak's own words about an error. HTML and other foreign answers are not repeated. */
function messageIn(body: unknown): string {
  if (typeof body !== "object" || body === null) return "";
  const { errorMessage, error_description, error } = body as { [field: string]: unknown };
  const message = errorMessage ?? error_description ?? error;
  return typeof message === "string" ? plainLine(message).slice(0, 300) : "";
}

/** The innermost code: what ended a connection says more than that it ended. */
function causeCode(error: unknown): string | undefined {
  let code: string | undefined;
  for (let cause = error as { code?: unknown; cause?: unknown; errors?: unknown[] } | undefined; cause; ) {
    if (typeof cause.code === "string") code = cause.code;
    cause = (cause.cause ?? cause.errors?.[0]) as typeof cause;
  }
  return code;
}

const KNOWN: { [code: string]: string } = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  UND_ERR_SOCKET: "connection closed",
  ENOTFOUND: "host name not found",
};

function describe(code: string, error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause;
  return KNOWN[code] ?? `${code}${cause?.message ? ` (${cause.message})` : ""}`;
}

/** The body of an answer, or undefined if it is not JSON. A body that breaks off is an error of the connection. */
export async function jsonOf(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
