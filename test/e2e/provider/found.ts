import { REALM } from "./clients";
import type { Json, Server } from "./server";
import type { Workspace } from "./workspace";

/** Ids of the clients in Keycloak whose names begin so. A name that is there twice gives two. */
export async function idsInKeycloak(server: Server, prefix: string): Promise<string[]> {
  const found = (await server.admin("GET", `/${REALM}/clients?first=0&max=1000`)) as Json[];
  const ours = found.filter(({ clientId }) => clientId.startsWith(prefix));
  return ours.map(({ id }) => id).sort();
}

export const idsInState = (workspace: Workspace) => [...workspace.state().values()].map(({ id }) => id).sort();

/** Terraform wraps what it prints in a frame and into lines. */
export const unwrapped = (output: string) => output.replace(/[│╷╵]/g, " ").replace(/\s+/g, " ");
