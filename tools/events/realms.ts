import { realmsIn, serversIn } from "../../constructs/contract/markers";
import { type Deployed, serversOf } from "../deploy/servers";
import { type MadeThing, stateThings } from "../engines/docker";
import { loginsIn } from "../keycloak/login";
import { ToolError } from "../output";
import { type Project, readStacks, type Stack } from "../project/project";
import { localState } from "../project/state";

/** A realm that can be asked for its events. */
export interface WatchedRealm {
  readonly realm: string;
  /** The address of its server, for Terraform and for `m2m`. */
  readonly url: string;
  /** A stack whose provider reaches it, and that provider's alias. */
  readonly stack: Stack;
  readonly alias: string | undefined;
  /** What of this project writes its server's log: containers, or a cluster's service; nothing for a server elsewhere. */
  readonly logs: readonly MadeThing[];
}

/** The realms that the last synthesis declares or refers to, each once. */
export function watchedRealms(project: Project): WatchedRealm[] {
  const all = readStacks(project).map((stack) => ({ stack, state: localState(stack) }));
  const logsAt = new Map<string, readonly MadeThing[]>();
  for (const deployed of all) {
    for (const { url, containers = [] } of serversOf(deployed, all)) logsAt.set(url, writers(containers, all));
  }
  const realms = new Map<string, WatchedRealm>();
  for (const { stack } of all) {
    for (const { url, realmName: realm } of realmsIn(stack.json)) {
      const login = loginsIn(stack).find((one) => one.url === url);
      const key = `${url} ${realm}`;
      if (login === undefined || realms.has(key)) continue;
      realms.set(key, { realm, url, stack, alias: login.alias, logs: logsAt.get(url) ?? [] });
    }
  }
  return [...realms.values()];
}

/** What writes the log of the server that some containers publish: behind a balancer the service. */
function writers(containers: readonly MadeThing[], all: readonly Deployed[]): readonly MadeThing[] {
  const names = containers.map(({ name }) => name);
  const services = all
    .flatMap(({ stack }) => serversIn(stack.json))
    .flatMap(({ container, service }) => {
      return service && names.includes(container) ? [service.name] : [];
    });
  if (services.length === 0) return containers;
  return all
    .flatMap(({ state }) => stateThings(state))
    .filter(({ kind, name }) => kind === "service" && services.includes(name));
}

/**
 * The same where there has to be one.
 *
 * @throws {ToolError} `not-deployed` where nothing was synthesized
 */
export function realmsToWatch(project: Project): WatchedRealm[] {
  const realms = watchedRealms(project);
  if (realms.length > 0) return realms;
  throw new ToolError("not-deployed", "no realm was synthesized here; run `m2m up` first");
}
