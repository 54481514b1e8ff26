import { type ChangedAttribute, changedAttributes } from "../engines/changed-attributes";
import type { ResourceChange, SavedPlan } from "../engines/saved-plan";
import type { Arguments } from "../grants/references";
import { type Instance, idsOf, keyOf, type Moment, type World, worldAt } from "./world";

/** What changes of one resource between two moments. */
export interface Touched {
  readonly address: string;
  readonly type: string;
  readonly action: "create" | "update" | "delete" | "replace" | "move" | "forget";
  readonly before?: Arguments;
  readonly after?: Arguments;
  readonly attributes: readonly ChangedAttribute[];
  /** The attributes that cannot be changed in place. */
  readonly reasons: readonly string[];
  /** Whether a failed run left it half made. */
  readonly isHalfMade: boolean;
  /** Where the state has it until the apply. */
  readonly from?: string;
  readonly dependsOn: readonly string[];
}

/** What a plan says of every moment, and what changes from one to another. */
export class Worlds {
  private readonly instances: readonly Instance[];
  private readonly worlds: Readonly<Record<Moment, World>>;

  constructor(private readonly plan: SavedPlan) {
    this.instances = instancesOf(plan);
    const ids = idsOf(this.instances, plan);
    const world = (moment: Moment) => worldAt(moment, this.instances, ids, plan);
    this.worlds = { left: world("left"), found: world("found"), planned: world("planned") };
  }

  at(moment: Moment): World {
    return this.worlds[moment];
  }

  /** What the plan changes, without what it only sets back. */
  planned(): Touched[] {
    return this.instances.filter((one) => isChanged(one.plan) && !isSetBack(one)).map((one) => this.touched(one));
  }

  /** What somebody else has changed, and the plan sets back or changes further. */
  byHand(): Touched[] {
    const drifted = this.instances.filter(({ plan, drift }) => drift !== undefined && isChanged(plan));
    return drifted.map((one) => this.touchedByHand(one));
  }

  private touched(one: Instance): Touched {
    const { address, type, plan } = one;
    const { before_sensitive, after_sensitive, after_unknown, replace_paths = [] } = plan.change;
    const marks = { before_sensitive, after_sensitive, after_unknown };
    const { left: before, planned: after } = one.values;
    const isMove = plan.previous_address !== undefined && plan.change.actions.includes("no-op");
    return {
      address,
      type,
      action: isMove ? "move" : actionOf(one),
      before: this.worlds.left.at.get(address),
      after: this.worlds.planned.at.get(address),
      attributes: before && after && !isMove ? changedAttributes({ before, after, ...marks }) : [],
      reasons: [...new Set(replace_paths.map(([name]) => String(name)))],
      isHalfMade: plan.action_reason === "replace_because_tainted",
      ...(plan.previous_address !== undefined && { from: plan.previous_address }),
      dependsOn: this.configured(address)?.depends_on ?? [],
    };
  }

  private touchedByHand({ address, type, values, drift }: Instance): Touched {
    const { left: before, found: after } = values;
    return {
      address,
      type,
      action: after === null ? "delete" : "update",
      before: this.worlds.left.at.get(address),
      after: this.worlds.found.at.get(address),
      attributes: before && after ? changedAttributes({ ...drift!.change, before, after }) : [],
      reasons: [],
      isHalfMade: false,
      dependsOn: this.configured(address)?.depends_on ?? [],
    };
  }

  private configured(address: string) {
    return this.plan.configuration?.root_module?.resources?.find((one) => one.address === address);
  }
}

/** Whether Terraform does anything about a resource. Reading a data source is nothing. */
function isChanged({ change, previous_address }: ResourceChange): boolean {
  return previous_address !== undefined || change.actions.some((action) => action !== "no-op" && action !== "read");
}

/** Whether the plan makes of a resource what the last deploy left. */
function isSetBack({ values: { left, planned }, plan, drift }: Instance): boolean {
  if (!drift || !left || !planned || plan.change.replace_paths?.length) return false;
  return Object.keys(planned).every((name) => !isKnown(plan, name) || isSame(left[name], planned[name]));
}

/** Providers write what is not set in several ways, also inside of blocks. */
function isSame(one: unknown, two: unknown): boolean {
  const text = (value: unknown) => JSON.stringify(plain(value) ?? null);
  return text(one) === text(two);
}

function plain(value: unknown): unknown {
  if (value === "" || value === false || value === 0 || value === null) return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((one) => plain(one) ?? null);
  if (typeof value !== "object") return value;
  const entries = Object.entries(value!).map(([name, one]) => [name, plain(one)] as const);
  const set = entries.filter(([, one]) => one !== undefined);
  return set.length === 0 ? undefined : Object.fromEntries(set);
}

function actionOf({ plan, values }: Instance): Touched["action"] {
  const { actions } = plan.change;
  if (actions.includes("forget")) return "forget";
  if (actions.includes("delete")) return actions.includes("create") ? "replace" : "delete";
  return values.left === null ? "create" : "update";
}

function instancesOf({ resource_changes = [], resource_drift = [] }: SavedPlan): Instance[] {
  const drifts = new Map(resource_drift.map((drift) => [drift.address, drift]));
  return resource_changes
    .filter(({ mode, deposed }) => mode === "managed" && deposed === undefined)
    .map((plan) => {
      const { address, type, change } = plan;
      const drift = setBackOf(plan, drifts.get(address));
      const values = { left: drift ? drift.change.before : change.before, found: change.before, planned: change.after };
      return { address, type, key: keyOf(address, type), values, plan, ...(drift && { drift }) };
    });
}

/**
 * What was changed by hand, and the plan changes again: of a drift the attributes that count. Providers read some values
 * otherwise than they wrote them.
 */
function setBackOf(plan: ResourceChange, drift: ResourceChange | undefined): ResourceChange | undefined {
  const { before: found, after: planned } = plan.change;
  const left = drift?.change.before;
  if (!drift || !left || !planned || !isChanged(plan)) return undefined;
  if (found === null) return drift;
  const isSetBack = (name: string) =>
    isKnown(plan, name) && !isSame(found[name], planned[name]) && !isSame(left[name], found[name]);
  const names = Object.keys(planned).filter(isSetBack);
  if (names.length === 0) return undefined;
  const before = { ...found, ...Object.fromEntries(names.map((name) => [name, left[name]])) };
  return { ...drift, change: { ...drift.change, before, after: found } };
}

/** Whether it is known before the apply what an attribute will be. */
function isKnown({ change: { after_unknown: unknown } }: ResourceChange, name: string): boolean {
  return typeof unknown !== "object" || !JSON.stringify(unknown[name] ?? false).includes("true");
}
