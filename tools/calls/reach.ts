import { machinesIn } from "../../constructs/contract/markers";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import type { DeclaredClient } from "./declared-clients";

/** `host:port=address:port` for the issuer of a client and the machines in containers, parted by commas. */
export function connectToOf({ realm }: DeclaredClient, stacks: readonly Stack[]): string {
  const machines = stacks.flatMap(({ json }) => machinesIn(json)).filter(({ issuer }) => issuer === realm.issuer);
  const all = [...issuerAt(realm), ...machines.map(({ connectTo }) => connectTo)];
  return [...new Set(all)].join(",");
}

/** Where Terraform reaches the server, this machine does too. A server of another scheme is asked by its own address. */
function issuerAt({ issuer, url }: DeclaredClient["realm"]): string[] {
  const [named, reached] = [new URL(issuer), new URL(url)];
  if (named.host === reached.host || named.protocol !== reached.protocol) return [];
  return [`${hostAndPort(named)}=${hostAndPort(reached)}`];
}

function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** The address of the API of the only machine in a container, as machine-b serves it. @throws {ToolError} `api-unknown` */
export function declaredApi({ realm, clientId }: DeclaredClient, stacks: readonly Stack[]): string {
  const machines = stacks.flatMap(({ json }) => machinesIn(json)).filter(({ issuer }) => issuer === realm.issuer);
  const urls = [...new Set(machines.map(({ url }) => url))];
  if (urls.length === 1) return `${urls[0]}/api/protected`;
  const got = urls.length === 0 ? "no MachineContainer of this realm" : `several: ${urls.join(", ")}`;
  throw new ToolError(
    "api-unknown",
    `which API ${clientId} is to call is not known: the state has no output \`api\`, and the project declares ${got}; give its address by --url`,
  );
}
