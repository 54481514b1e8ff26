import type { Fault } from "./errors";

/** What to do about an answer that no waiting will change. */
export function adviceFor(fault: Fault, server: string): string {
  const advice: { [status: number]: string } = {
    400: "Keycloak found something wrong with the values.",
    401: "The login is no longer accepted, and a new one was not either.",
    403: `The provider's user or client lacks a right: ${rightFor(fault.url)}, or the role admin of realm master.`,
    404: "What this belongs to does not exist: check the realm and the client or client scope it is declared in.",
    409: "It exists already. Take it into the state with `terraform import`, or give this one another name.",
    500: "Keycloak's own log says more about this error.",
  };
  return `${advice[fault.status ?? 0] ?? "The request was not carried out."} Server: ${server}.`;
}

/** Which part of a realm needs which of its rights; all else is the realm itself. */
const RIGHTS: [path: RegExp, right: string][] = [
  [/^(clients|client-scopes|default-(default|optional)-client-scopes)\b/, "clients"],
  [/^users\b/, "users"],
  [/^events\b/, "events"],
];

function rightFor(url = ""): string {
  const [, realm, path = ""] = /\/admin\/realms\/([^/?]+)\/?([^?]*)/.exec(url) ?? [];
  if (!realm) return "it needs the role create-realm of realm master";
  const right = RIGHTS.find(([start]) => start.test(path))?.[1] ?? "realm";
  const of = `realm "${decodeURIComponent(realm)}"`;
  return `of the realm-management roles of ${of} it needs manage-${right} (view-${right} is enough for a plan)`;
}
