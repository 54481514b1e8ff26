import type { Call, Held, MachineRow } from "./matrix";

/** How a cell of the matrix reads: in the table and on the page. */
export interface Entry {
  readonly text: string;
  /** How Keycloak differs from the declaration. */
  readonly change?: "added" | "missing" | "changed";
}

/** What stands for a scope that gives the call alone. */
const CALL = "(call)";

/** What a machine may do at an API: scopes, and mappers of the client. */
export function mayDo({ scopes, mappers }: Call): Entry[] {
  const named = scopes.map((held) => entry(held, held.named === false ? CALL : held.name));
  return [...named, ...mappers.map((held) => entry(held, `${CALL} by the mapper ${held.name}`))];
}

export function rolesAt({ roles }: Call): Entry[] {
  return roles.map((held) => entry(held, held.name));
}

function entry({ declared, live = declared }: Held, name: string): Entry {
  if (live === declared) return { text: declared === "optional" ? `${name} (optional)` : name };
  if (declared === "no") return { text: live === "optional" ? `+${name} (optional)` : `+${name}`, change: "added" };
  if (live === "no") return { text: `-${name}`, change: "missing" };
  return { text: `${name} (${live}, declared ${declared})`, change: "changed" };
}

/** A machine's name, and what is wrong with it. */
export function machineText({ client, declared, live }: MachineRow): string {
  const what = [
    ...(declared ? [] : ["not declared"]),
    ...(live === "disabled" ? ["disabled"] : live === "missing" ? ["not there"] : []),
  ];
  return what.length === 0 ? client : `${client} (${what.join(", ")})`;
}

export function boundText({ boundTo }: MachineRow): string {
  if (boundTo === "dpop") return "DPoP";
  return boundTo === "certificate" ? "certificate" : "-";
}
