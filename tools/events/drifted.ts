import { type ChangedAttribute, changedAttributes, isMarked } from "../engines/changed-attributes";
import type { ResourceChange, SavedPlan } from "../engines/saved-plan";
import { inWords } from "../project/identity";

/** One object that differs from what the last deploy left. */
export interface Drifted {
  readonly address: string;
  readonly type: string;
  /** As in `client billing of realm prod`. */
  readonly what: string;
  readonly change: "changed" | "deleted";
  readonly realm: string | undefined;
  readonly attributes: readonly ChangedAttribute[];
  /** What `m2m up` does about it. */
  readonly repair: "sets it back" | "makes it again";
  /** What the state knew of it. */
  readonly before: Readonly<Record<string, unknown>>;
}

/** What a plan found to differ from the state, and would repair. Providers differ from the state for other reasons too. */
export function driftedIn({ resource_drift = [], resource_changes = [] }: SavedPlan): Drifted[] {
  return resource_drift
    .filter(({ mode }) => mode === "managed")
    .flatMap((drift) => {
      const { address, type, change } = drift;
      const planned = resource_changes.find((one) => one.address === address);
      const repair = repairOf(planned);
      if (repair === undefined) return [];
      const attributes = change.after === null ? [] : repaired(changedAttributes(change), planned!);
      if (repair === "sets it back" && attributes.length === 0) return [];
      const before = change.before ?? {};
      const found: Drifted = {
        address,
        type,
        what: inWords(type, before),
        change: change.actions.includes("delete") ? "deleted" : "changed",
        realm: realmOf(type, before),
        attributes,
        repair,
        before,
      };
      return [found];
    });
}

/** What is not declared stays as somebody set it: the plan does nothing about that. */
function repaired(attributes: readonly ChangedAttribute[], { change }: ResourceChange): ChangedAttribute[] {
  if (change.actions.includes("create")) return [...attributes];
  const planned = new Set(changedAttributes(change).map(({ name }) => name));
  const isUnknown = (name: string) => isMarked(change.after_unknown, name.split(".")[0]!);
  return attributes.filter(({ name }) => planned.has(name) || isUnknown(name));
}

/** How many changes a plan has that nobody made by hand: declared, and not deployed yet. */
export function pendingIn(plan: SavedPlan): number {
  const { resource_changes = [] } = plan;
  const drifted = driftedIn(plan).map(({ address }) => address);
  return resource_changes.filter(
    ({ mode, address, change }) =>
      mode === "managed" && !drifted.includes(address) && !change.actions.includes("no-op"),
  ).length;
}

function realmOf(type: string, before: Readonly<Record<string, unknown>>): string | undefined {
  const realm = type === "keycloak_realm" ? before.realm : before.realm_id;
  return typeof realm === "string" ? realm : undefined;
}

function repairOf(planned: ResourceChange | undefined): Drifted["repair"] | undefined {
  const actions = planned?.change.actions ?? [];
  if (actions.includes("create")) return "makes it again";
  return actions.includes("update") ? "sets it back" : undefined;
}
