import { type ImportedApiDescription, importedApisIn } from "../../constructs/contract/markers";
import type { StackJson } from "../../constructs/contract/terraform-json";
import type { SavedPlan } from "../engines/saved-plan";
import { ADDED, CHANGED, type Change, KINDS_OF_CHANGES, REMOVED } from "./change";
import { clientLines } from "./client-lines";
import { Directory } from "./directory";
import { grantLines } from "./grant-lines";
import type { Line } from "./line";
import { asTerraformShows, otherLines, typeIn } from "./other-lines";
import { byOwner } from "./owners";
import type { World } from "./world";
import { type Touched, Worlds } from "./worlds";

/** What a plan does, in the words of the domain. */
export interface PlanInWords {
  readonly changes: readonly Change[];
  /** What somebody changed outside Terraform, and the plan sets back. */
  readonly byHand: readonly Change[];
}

/**
 * Reads a plan. Nothing of it is left out: each resource that Terraform changes is behind a line, and one for which there are
 * no words has its address and attributes.
 *
 * @param stack the synthesized JSON, which tells of APIs that another configuration declares
 */
export function changesIn(plan: SavedPlan, stack: StackJson): PlanInWords {
  const worlds = new Worlds(plan);
  const imported = importedApisIn(stack);
  const byHand = between(worlds.at("left"), worlds.at("found"), worlds.byHand(), imported);
  const changes = between(worlds.at("left"), worlds.at("planned"), worlds.planned(), imported);
  const all = sorted([...changes, ...leftovers(plan), ...outputs(plan)]);
  return { changes: all.length + byHand.length > 0 ? all : reads(plan), byHand: sorted(byHand).map(asDoneByHand) };
}

/** What is gone is not destroyed by `up`: it comes again. */
function asDoneByHand(change: Change): Change {
  if (change.action !== "removed" || change.mark !== "!") return change;
  const until = change.kind === "client" ? ", its machine cannot sign in until then" : "";
  return { ...change, details: [`was deleted: it is made again, empty of what nobody declares${until}`] };
}

function between(
  from: World,
  to: World,
  touched: readonly Touched[],
  imported: readonly ImportedApiDescription[],
): Change[] {
  const before = new Directory(from, imported);
  const after = new Directory(to, imported, before);
  const pair = [before, after] as const;
  const groups = byOwner(touched, pair);
  const grants = grantsOf(groups, pair);
  const lines = [...groups].flatMap(([owner, group]) => {
    if (typeIn(owner) !== "keycloak_openid_client") return otherLines(owner, group, pair);
    const grantedRoles = grants.filter(({ caller }) => caller === owner).flatMap(({ roles }) => roles);
    return clientLines(owner, group, pair, grantedRoles);
  });
  const folded = fold([...grants, ...lines]);
  const told = new Set(folded.flatMap(({ addresses }) => addresses));
  return [...folded, ...touched.filter(({ address }) => !told.has(address)).map(asTerraformShows)];
}

/** Grants of clients that stay. One that comes or goes says itself what it may call. */
function grantsOf(groups: ReadonlyMap<string, readonly Touched[]>, pair: readonly [Directory, Directory]) {
  const [before, after] = pair;
  return after.clients().flatMap((caller) => {
    const [was, is] = [before.client(caller), after.client(caller)];
    const group = groups.get(caller) ?? [];
    const isMadeAnew = group.some(({ address, action }) => address === caller && action === "replace");
    if (!was || !is || isMadeAnew) return [];
    const addresses = group.filter(({ address }) => address !== caller).map(({ address }) => address);
    return grantLines(caller, was, is, pair).map((line) => ({ ...line, addresses }));
  });
}

/** Scopes that only let a call through, and roles, are told by the grants and clients that they come or go with. */
function fold(lines: readonly Line[]): Change[] {
  const shares = (one: readonly string[] = [], other: readonly string[] = []) =>
    one.some((name) => other.includes(name));
  const tellersOf = (line: Line) => {
    if (!line.isPart) return [];
    const tells = ({ kind, action, scopes, roles }: Line) =>
      (kind === "grant" || kind === "client") &&
      action === line.action &&
      (shares(line.scopes, scopes) || shares(line.roles, roles));
    return lines.filter(tells);
  };
  const parts = new Map(
    lines.map((line) => [line, tellersOf(line)] as const).filter(([, tellers]) => tellers.length > 0),
  );
  return lines
    .filter((line) => !parts.has(line))
    .map((line) => {
      const own = [...parts].filter(([, tellers]) => tellers.includes(line)).flatMap(([{ addresses }]) => addresses);
      const { mark, action, kind, name, realm, details } = line;
      const addresses = [...new Set([...line.addresses, ...own])];
      return { mark, action, kind, name, ...(realm !== undefined && { realm }), details, addresses };
    });
}

/** What failed replacements left beside the objects themselves. */
function leftovers({ resource_changes = [] }: SavedPlan): Change[] {
  return resource_changes
    .filter(({ mode, deposed }) => mode === "managed" && deposed !== undefined)
    .map(({ address }) => {
      const details = ["what a failed replacement left is destroyed"];
      return { ...REMOVED, kind: "resource", name: address, details, addresses: [address] };
    });
}

/** Terraform counts a data source that it reads only at the apply as a change. A reader does not, beside others. */
function reads({ resource_changes = [] }: SavedPlan): Change[] {
  return resource_changes
    .filter(({ change }) => change.actions.includes("read"))
    .map(({ address }) => {
      return { ...CHANGED, kind: "resource", name: address, details: ["read at the apply"], addresses: [address] };
    });
}

/** The outputs, by what is done with them: their values may be sensitive. */
function outputs({ output_changes = {} }: SavedPlan): Change[] {
  const of = (action: string) =>
    Object.keys(output_changes).filter((name) => output_changes[name]!.actions.includes(action as "create"));
  const all = [
    [ADDED, of("create")],
    [CHANGED, of("update")],
    [REMOVED, of("delete")],
  ] as const;
  return all.flatMap(([how, names]) => {
    if (names.length === 0) return [];
    const addresses = names.map((name) => `output.${name}`);
    return [{ ...how, kind: "output" as const, name: names.join(", "), details: [], addresses }];
  });
}

/** What hurts comes first, and what is no line of ours last. */
function sorted(changes: readonly Change[]): Change[] {
  const place = ({ mark, kind }: Change) => (mark === "!" ? -100 : 0) + KINDS_OF_CHANGES.indexOf(kind);
  return [...changes].sort((one, other) => place(one) - place(other) || (one.name < other.name ? -1 : 1));
}
