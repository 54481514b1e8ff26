import { literal } from "../../constructs/contract/terraform-text";
import { type ChangedAttribute, changedAttributes } from "../engines/changed-attributes";
import type { ResourceChange, SavedPlan } from "../engines/saved-plan";
import { type Arguments, References } from "../grants/references";

/** A moment of a plan: what the last deploy left, what is there now, and what is planned. */
type Moment = "left" | "found" | "planned";
type Values = Readonly<Record<string, unknown>>;

/** The resources at one moment. They refer to each other as in the configuration, whatever their ids are. */
export interface World {
  readonly refer: References;
  /** By the address in the plan. */
  readonly at: ReadonlyMap<string, Arguments>;
  /** The address in the plan of a resource that others refer to. */
  addressOf(reference: unknown): string | undefined;
}

/** A resource at all moments. */
interface Instance {
  readonly address: string;
  readonly type: string;
  /** How others refer to it. */
  readonly key: string;
  readonly values: Readonly<Record<Moment, Values | null>>;
  readonly plan: ResourceChange;
  readonly drift?: ResourceChange;
}

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

/** The name by which others refer to a resource. One in a module, or of several, gets a name that none else has. */
function keyOf(address: string, type: string): string {
  const name = address.startsWith(`${type}.`) ? address.slice(type.length + 1) : address;
  return name.replaceAll(/[^\w-]/g, "_");
}

/** What stands for a resource in the arguments of others. */
const IDS: Readonly<Record<string, readonly string[]>> = {
  keycloak_openid_client: ["id", "service_account_user_id"],
  keycloak_openid_client_scope: ["id"],
  keycloak_role: ["id"],
};

/** References by the ids that they stand for. */
function idsOf(instances: readonly Instance[], plan: SavedPlan): Map<unknown, string> {
  const ids = new Map<unknown, string>();
  const add = (type: string, path: string, values: Values | null) => {
    for (const name of IDS[type] ?? []) if (values?.[name]) ids.set(values[name], `\${${path}.${name}}`);
  };
  for (const { type, name, values } of dataOf(plan)) add(type, `data.${type}.${name}`, values);
  for (const { type, key, values } of instances) {
    for (const one of Object.values(values)) add(type, `${type}.${key}`, one);
  }
  return ids;
}

function dataOf({ prior_state, resource_changes = [] }: SavedPlan) {
  const read = (prior_state?.values?.root_module?.resources ?? []).filter(({ mode }) => mode === "data");
  const toRead = resource_changes.filter(({ mode }) => mode === "data");
  return [...read, ...toRead.map(({ type, name, change }) => ({ type, name, values: change.after ?? {} }))];
}

/** The arguments that hold the id of another resource. */
const REFERENCES = ["client_id", "client_scope_id", "service_account_user_id", "role_id"];
/** The arguments that are read as texts, in which Terraform would read expressions. */
const TEXTS = ["name", "realm", "realm_id", "role", "included_client_audience", "included_custom_audience"];
const LISTS = ["default_scopes", "optional_scopes", "profiles"];

function worldAt(
  moment: Moment,
  instances: readonly Instance[],
  ids: ReadonlyMap<unknown, string>,
  plan: SavedPlan,
): World {
  const resource: Record<string, Record<string, Arguments>> = {};
  const data: Record<string, Record<string, Arguments>> = {};
  const at = new Map<string, Arguments>();
  const addresses = new Map<string, string>();
  const configured = new Map(plan.configuration?.root_module?.resources?.map((one) => [one.address, one.expressions]));
  for (const { type, name, values } of dataOf(plan)) {
    data[type] = { ...data[type], [name]: referring(type, values, ids) };
  }
  for (const { address, type, key, values, plan: change } of instances) {
    const here = values[moment];
    if (here === null) continue;
    const unknown = moment === "planned" ? expressionsOf(change, configured.get(address)) : {};
    const found = referring(type, { ...here, ...unknown }, ids);
    resource[type] = { ...resource[type], [key]: found };
    at.set(address, found);
    addresses.set(`${type}.${key}`, address);
  }
  const refer = new References({ resource, data });
  return { refer, at, addressOf: (reference) => addresses.get(refer.address(reference) ?? "") };
}

/** A resource's values, with references in the place of ids. */
function referring(type: string, values: Values, ids: ReadonlyMap<unknown, string>): Arguments {
  const ownName = type === "keycloak_openid_client" ? "client_id" : "";
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      if (REFERENCES.includes(name) && name !== ownName) return [name, ids.get(value) ?? value];
      if (typeof value === "string" && (name === ownName || TEXTS.includes(name))) return [name, literal(value)];
      if (LISTS.includes(name) && Array.isArray(value)) {
        return [name, value.filter((one) => typeof one === "string").map(literal)];
      }
      return [name, value];
    }),
  );
}

/** What the configuration says in place of what is known only after the apply. */
function expressionsOf({ change }: ResourceChange, expressions: Values = {}): Values {
  const unknown = Object.entries(change.after_unknown ?? {}).filter(
    ([name, mark]) => mark === true && REFERENCES.includes(name),
  );
  return Object.fromEntries(
    unknown.flatMap(([name]) => {
      const { references = [] } = (expressions[name] ?? {}) as { references?: readonly string[] };
      const one = references.find((text) => /^(data\.)?\w+\.[\w-]+\.\w+$/.test(text));
      return one === undefined ? [] : [[name, `\${${one}}`]];
    }),
  );
}
