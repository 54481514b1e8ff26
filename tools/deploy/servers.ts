import { type MadeThing, stateThings } from "../engines/docker";
import type { Stack } from "../project/project";
import { keycloakEntries, type State } from "../project/state";

/** A stack as it was synthesized, and what its state knows. */
export interface Deployed {
  readonly stack: Stack;
  readonly state: State;
}

/** Keycloak's entries of one server. */
export interface ServerEntries {
  /** Where the provider reaches it; empty if the synthesized JSON does not say. */
  readonly url: string;
  readonly addresses: readonly string[];
  /** The containers of the state that publish it; `undefined` for a server that these stacks do not declare. */
  readonly containers?: readonly MadeThing[];
}

/**
 * Keycloak's entries of a stack's state, by the server that holds them. An entry names its provider by an alias. The
 * provider's url leads to a container that one of the stacks publishes, or to a server elsewhere.
 */
export function serversOf({ stack, state }: Deployed, all: readonly Deployed[]): ServerEntries[] {
  const urls = new Map<string, string[]>();
  for (const entry of keycloakEntries(state)) {
    const url = providerUrl(stack, entry.alias);
    urls.set(url, [...(urls.get(url) ?? []), entry.address]);
  }
  return [...urls].map(([url, addresses]) => {
    const port = localPort(url);
    const own = port !== undefined && all.some((deployed) => declaredPorts(deployed.stack).includes(port));
    return { url, addresses, ...(own && { containers: all.flatMap(({ state }) => publishing(state, port)) }) };
  });
}

function providerUrl({ json }: Stack, alias: string | undefined): string {
  const providers = [json.provider?.keycloak ?? []].flat();
  return String(providers.find((provider) => provider.alias === alias)?.url ?? "");
}

/** The port of a url on this machine. */
export function localPort(url: string): number | undefined {
  if (!URL.canParse(url)) return undefined;
  const { hostname, port, protocol } = new URL(url);
  if (!["localhost", "127.0.0.1", "[::1]"].includes(hostname)) return undefined;
  return Number(port) || (protocol === "https:" ? 443 : 80);
}

function declaredPorts({ json }: Stack): number[] {
  return Object.values(json.resource?.docker_container ?? {}).flatMap(({ ports }) => externalPorts(ports));
}

function publishing(state: State, port: number): MadeThing[] {
  const ids = state.resources
    .filter(({ mode, type }) => mode === "managed" && type === "docker_container")
    .flatMap(({ instances }) => instances)
    .filter(({ attributes }) => externalPorts(attributes.ports).includes(port))
    .map(({ attributes }) => attributes.id);
  return stateThings(state).filter(({ kind, id }) => kind === "container" && ids.includes(id));
}

/** The ports of this machine that a container publishes. */
export function externalPorts(ports: unknown): number[] {
  return ((ports ?? []) as { external?: number }[]).flatMap(({ external }) => external ?? []);
}
