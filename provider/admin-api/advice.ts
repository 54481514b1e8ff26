import { EXISTS_ALREADY } from "../../constructs/contract/provider-errors";
import type { Fault } from "./errors";

/** What to do about an answer that will stay the same however long one waits. */
export function adviceFor(fault: Fault, server?: string): string {
  const advice: { [status: number]: string } = {
    400: "Keycloak found something wrong with the values.",
    401: "Keycloak no longer accepts the token, nor the one of a new login.",
    403: rightFor(fault.url),
    404: "The object it belongs to does not exist. Check the realm, and the client or client scope, that it names.",
    409: `${EXISTS_ALREADY} Take it into the state with \`terraform import\`, or give this one another name.`,
    500: "Keycloak's own log says more about this error.",
  };
  // Keycloak gives it the status of a wrong value.
  if (fault.got.includes("Database operation failed")) advice[400] = DATABASE_FAILED;
  const what = advice[fault.status ?? 0] ?? "Keycloak did not carry out the request.";
  return server === undefined ? what : `${what} Server: ${server}.`;
}

const DATABASE_FAILED =
  "Keycloak's database did not carry it out. Keycloak's own log says why, such as a full disk, and so does the database's.";

/** Which right each part of a realm needs. Every other part needs the right on the realm itself. */
const RIGHTS: [path: RegExp, right: string][] = [
  [/^(clients|client-scopes|default-(default|optional)-client-scopes)\b/, "clients"],
  [/^users\b/, "users"],
  [/^events\b/, "events"],
];

function rightFor(url = ""): string {
  const [, realm, path = ""] = /\/admin\/realms\/([^/?]+)\/?([^?]*)/.exec(url) ?? [];
  if (!realm) return lacks("the role create-realm of realm master");
  return missingRight(decodeURIComponent(realm), RIGHTS.find(([start]) => start.test(path))?.[1] ?? "realm");
}

/** Says which of the rights on a realm is missing: on its clients, users, events or on the realm itself. */
export function missingRight(realm: string, right: string): string {
  return lacks(
    `the role manage-${right} of the client realm-management in realm "${realm}" (view-${right} is enough for a plan)`,
  );
}

const lacks = (role: string) =>
  `The provider's user or client lacks a right. It needs ${role}, or the role admin of realm master.`;
