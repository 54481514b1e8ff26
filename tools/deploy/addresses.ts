import { machinesIn, monitoringsIn, realmsIn } from "../../constructs/contract/markers";
import type { Stack } from "../project/project";

/** Something that a person may want to look at, as this machine reaches it. */
export interface Address {
  readonly name: "Keycloak" | "API" | "Prometheus" | "Alertmanager";
  readonly url: string;
}

/** Servers with their admin consoles, APIs in containers and monitoring of some stacks, each once. */
export function addressesOf(stacks: readonly Stack[]): Address[] {
  const all = stacks.flatMap(({ json }): Address[] => [
    ...realmsIn(json).map(({ url }) => ({ name: "Keycloak", url }) as const),
    ...machinesIn(json).map(({ url, connectTo }) => ({ name: "API", url: reached(url, connectTo) }) as const),
    ...monitoringsIn(json).flatMap(({ prometheus, alertmanager }) => [
      { name: "Prometheus", url: prometheus } as const,
      { name: "Alertmanager", url: alertmanager } as const,
    ]),
  ]);
  return [...new Map(all.map((one) => [`${one.name} ${one.url}`, one])).values()];
}

/** @param connectTo `host:port=address:port` */
function reached(url: string, connectTo: string): string {
  return `${new URL(url).protocol}//${connectTo.slice(connectTo.indexOf("=") + 1)}`;
}

/** In lines, with what may come next. */
export function printAddresses(addresses: readonly Address[]): string {
  const width = Math.max(...addresses.map(({ name }) => name.length));
  const lines = addresses.map(({ name, url }) => `${name.padEnd(width)}  ${url}`);
  return [...lines, "`m2m diff` shows what a change would do, `m2m down` takes it all down"].join("\n");
}
