import { quoted } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import type { DeclaredClient } from "./declared-clients";

/** Where a client is looked for: everywhere, if nothing is given. */
export interface Where {
  readonly stack?: string;
  readonly realm?: string;
}

/** Options of commands that look for a client. */
export const WHERE = {
  stack: { value: "NAME", help: "the stack that declares the client, if several do" },
  realm: { value: "NAME", help: "the realm of the client, if it is in several" },
} as const;

/** The caller of the article, which is meant wherever nobody is named. */
export const DEFAULT_CALLER = "machine-a";

/** The declared client of an id. @throws {ToolError} `client-unknown` for none, or for several */
export function chooseClient(all: readonly DeclaredClient[], clientId: string, where: Where = {}): DeclaredClient {
  const looked = all.filter(
    ({ stack, realm }) => stack === (where.stack ?? stack) && realm.realmName === (where.realm ?? realm.realmName),
  );
  const found = looked.filter((client) => client.clientId === clientId);
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new ToolError(
      "client-unknown",
      `no client ${quoted(clientId)} that signs in with a JWT is declared${placeGiven(where)}; declared: ${listed(all)}`,
    );
  }
  throw new ToolError(
    "client-unknown",
    `client ${quoted(clientId)} is declared ${found.length} times: ${found.map(placeOf).join("; ")}; choose one by --stack or --realm`,
  );
}

/** The client that calls where nobody is named: that of the article, or the only one. @throws {ToolError} `client-unknown` */
export function defaultCaller(all: readonly DeclaredClient[]): string {
  const ids = new Set(all.map(({ clientId }) => clientId));
  if (ids.has(DEFAULT_CALLER) || ids.size === 0) return DEFAULT_CALLER;
  if (ids.size === 1) return [...ids][0]!;
  throw new ToolError("client-unknown", `no client ${DEFAULT_CALLER} is declared; name one of these: ${listed(all)}`);
}

function placeOf({ stack, realm }: DeclaredClient): string {
  return `stack ${stack}, realm ${realm.realmName}`;
}

function placeGiven({ stack, realm }: Where): string {
  const parts = [
    ...(stack === undefined ? [] : [`stack ${quoted(stack)}`]),
    ...(realm === undefined ? [] : [`realm ${quoted(realm)}`]),
  ];
  return parts.length === 0 ? "" : ` in ${parts.join(", ")}`;
}

/** With their places, where they are in more than one. */
function listed(all: readonly DeclaredClient[]): string {
  const areApart = new Set(all.map(placeOf)).size > 1;
  return (
    all.map((client) => (areApart ? `${client.clientId} (${placeOf(client)})` : client.clientId)).join(", ") || "none"
  );
}
