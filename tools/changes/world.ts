import { literal } from "../../constructs/contract/terraform-text";
import type { ResourceChange, SavedPlan } from "../engines/saved-plan";
import { type Arguments, References } from "../grants/references";

/** A moment of a plan: what the last deploy left, what is there now, and what is planned. */
export type Moment = "left" | "found" | "planned";
export type Values = Readonly<Record<string, unknown>>;

/** The resources at one moment. They refer to each other as in the configuration, whatever their ids are. */
export interface World {
  readonly refer: References;
  /** By the address in the plan. */
  readonly at: ReadonlyMap<string, Arguments>;
  /** The address in the plan of a resource that others refer to. */
  addressOf(reference: unknown): string | undefined;
}

/** A resource at all moments. */
export interface Instance {
  readonly address: string;
  readonly type: string;
  /** How others refer to it. */
  readonly key: string;
  readonly values: Readonly<Record<Moment, Values | null>>;
  readonly plan: ResourceChange;
  readonly drift?: ResourceChange;
}

/** The name by which others refer to a resource. One in a module, or of several, gets a name that none else has. */
export function keyOf(address: string, type: string): string {
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
export function idsOf(instances: readonly Instance[], plan: SavedPlan): Map<unknown, string> {
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

export function worldAt(
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
