import { plainLine } from "../../network/plain-text";
import type { Sighting } from "./sightings";

/** Somebody who was granted or refused, in one line: when, who, what, why, and what to do. */
export function printSighting(one: Sighting, { withRealm }: { readonly withRealm: boolean }): string {
  const { time, realm, client, outcome, asked } = one;
  const who = withRealm ? `${client} (realm ${realm})` : client;
  const what = asked === "introspection" ? `${outcome} an introspection` : outcome;
  return plainLine(`${time.slice(0, 19)}Z  ${who}  ${what}${outcome === "granted" ? granted(one) : refused(one)}`);
}

function granted({ key, address }: Sighting): string {
  return `${key ? `, by key ${key}` : ""}${address ? `, from ${address}` : ""}`;
}

function refused({ reason, remedy, said, knownBy, error, cause, address }: Sighting): string {
  const isTelling = knownBy === "event" || cause === "key-unknown" || cause === "keys-unreachable";
  const words = said && isTelling ? ` (${said})` : "";
  const code = cause === "unknown" ? ` (Keycloak's error code: ${error})` : "";
  const maybe = knownBy === "earlier sign-in" ? "it seems that " : "";
  const where = address ? `, from ${address}` : "";
  return `${where}: ${maybe}${reason}${words}${code}${remedy ? `; ${remedy}` : ""}`;
}
