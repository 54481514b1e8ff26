import { realmsIn } from "../../constructs/contract/markers";
import { serversOf } from "../deploy/servers";
import type { MadeThing } from "../engines/docker";
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
  /** The containers of this project that write its server's log; none for a server elsewhere. */
  readonly containers: readonly MadeThing[];
}

/** The realms that the last synthesis declares or refers to, each once. */
export function watchedRealms(project: Project): WatchedRealm[] {
  const all = readStacks(project).map((stack) => ({ stack, state: localState(stack) }));
  const containersAt = new Map<string, readonly MadeThing[]>();
  for (const deployed of all) {
    for (const { url, containers = [] } of serversOf(deployed, all)) containersAt.set(url, containers);
  }
  const realms = new Map<string, WatchedRealm>();
  for (const { stack } of all) {
    for (const { url, realmName: realm } of realmsIn(stack.json)) {
      const login = loginsIn(stack).find((one) => one.url === url);
      const key = `${url} ${realm}`;
      if (login === undefined || realms.has(key)) continue;
      realms.set(key, { realm, url, stack, alias: login.alias, containers: containersAt.get(url) ?? [] });
    }
  }
  return [...realms.values()];
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
