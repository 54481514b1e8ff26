import { statSync } from "node:fs";
import { withAdminApi } from "../keycloak/admin-api";
import { loginsIn } from "../keycloak/login";
import type { Stack } from "../project/project";
import { localStateFile } from "../project/state";
import { type Change, changesSince } from "./admin-events";
import type { Drifted } from "./drifted";
import type { WatchedRealm } from "./realms";
import { explains } from "./tie";

/** What the events of one realm tell. */
export interface RealmChanges {
  readonly realm: string;
  /** The address of its server, for Terraform. */
  readonly url: string;
  /** The latest first; `undefined` where it keeps no such events. */
  readonly changes: readonly Change[] | undefined;
}

/** A change that no difference tells of. */
export type OtherChange = Change & { readonly realm: string };

/** How far back it is asked who changed something, where the time of the last deploy is not known. */
const DAYS_BACK_MS = 7 * 86_400_000;

/**
 * Who changed what in some realms. Several stacks may declare things in one realm, each with a last deploy of its own: it is
 * asked since the first of them, and what the others deployed after that is left out.
 */
export async function readChanges(realms: readonly WatchedRealm[], stacks: readonly Stack[]): Promise<RealmChanges[]> {
  const found: RealmChanges[] = [];
  for (const { realm, url, stack, alias } of realms.filter(({ realm }) => realm !== "master")) {
    const deploys = stacks.filter((one) => reaches(one, url)).map(lastDeploy);
    const [first, last] = [Math.min(...deploys), Math.max(...deploys)];
    const login = loginsIn(stack).find((one) => one.alias === alias) ?? {};
    const all = await withAdminApi(stack, alias, (ask) => changesSince(ask, realm, new Date(first), login));
    found.push({ realm, url, changes: all?.filter((one) => !one.asTerraform || Date.parse(one.time) >= last) });
  }
  return found;
}

/** The changes that may be why an object of a stack differs; `undefined` where its realm keeps none. */
export function changesBehind(drifted: Drifted, stack: Stack, all: readonly RealmChanges[]): Change[] | undefined {
  const told = all
    .filter(({ realm, url }) => realm === drifted.realm && reaches(stack, url))
    .flatMap(({ changes }) => (changes ? [changes] : []));
  if (told.length === 0) return undefined;
  const since = lastDeploy(stack);
  return told.flat().filter((change) => Date.parse(change.time) >= since && explains(change, drifted));
}

/** The changes that are behind no difference. */
export function otherChanges(all: readonly RealmChanges[], explained: ReadonlySet<Change>): OtherChange[] {
  return all.flatMap(({ realm, changes = [] }) =>
    changes.filter((one) => !explained.has(one)).map((one) => ({ ...one, realm })),
  );
}

function reaches(stack: Stack, url: string): boolean {
  return loginsIn(stack).some((login) => login.url === url);
}

/** A deploy writes the state. What was changed after that is not of it, whoever signed in. */
function lastDeploy(stack: Stack): number {
  const file = localStateFile(stack);
  const stat = file === undefined ? undefined : statSync(file, { throwIfNoEntry: false });
  return stat?.mtimeMs ?? Date.now() - DAYS_BACK_MS;
}
