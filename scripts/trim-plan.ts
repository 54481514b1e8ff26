// What tests keep of a plan, as `terraform show -json` prints it: no secret, and of Docker's things little.

type Json = Record<string, unknown>;

interface Change {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly change: Json & { readonly actions: readonly string[] };
}

export interface PlanJson {
  readonly resource_changes?: readonly Change[];
  readonly resource_drift?: readonly Change[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[] }>>;
  readonly prior_state?: { readonly values?: { readonly root_module?: { readonly resources?: readonly Json[] } } };
  readonly configuration?: { readonly root_module?: { readonly resources?: readonly Json[] } };
}

/** A plan without what nobody reads, and without what it shares with another. */
export function trimmed(plan: PlanJson, base?: PlanJson): PlanJson {
  const known = new Set(base ? jsons(whole(base)) : []);
  const parts = whole(plan);
  const differing = <T>(list: readonly T[] = []) => list.filter((one) => !known.has(JSON.stringify(one)));
  return {
    resource_changes: differing(parts.resource_changes),
    resource_drift: parts.resource_drift?.filter(({ address }) => isChanged(plan, address)),
    output_changes: parts.output_changes,
    prior_state: {
      values: { root_module: { resources: differing(parts.prior_state?.values?.root_module?.resources) } },
    },
    configuration: { root_module: { resources: differing(parts.configuration?.root_module?.resources) } },
  };
}

function isChanged({ resource_changes = [] }: PlanJson, address: string): boolean {
  return resource_changes.some((one) => one.address === address && !one.change.actions.includes("no-op"));
}

function jsons({ resource_changes = [], prior_state, configuration }: PlanJson): string[] {
  const lists = [resource_changes, prior_state?.values?.root_module?.resources, configuration?.root_module?.resources];
  return lists.flatMap((list) => (list ?? []).map((one) => JSON.stringify(one)));
}

function whole(plan: PlanJson): PlanJson {
  const outputs = Object.entries(plan.output_changes ?? {}).filter(([, { actions }]) => !actions.includes("no-op"));
  const data = (plan.prior_state?.values?.root_module?.resources ?? []).filter(({ mode }) => mode === "data");
  return {
    resource_changes: plan.resource_changes?.map(withoutSecrets),
    resource_drift: plan.resource_drift?.map(withoutSecrets),
    output_changes: Object.fromEntries(outputs.map(([name, { actions }]) => [name, { actions }])),
    prior_state: {
      values: {
        root_module: { resources: data.map(({ mode, type, name, values }) => ({ mode, type, name, values })) },
      },
    },
    configuration: { root_module: { resources: plan.configuration?.root_module?.resources?.map(referencesOf) } },
  };
}

function withoutSecrets<C extends Change>(one: C): C {
  const { before, after, before_sensitive, after_sensitive } = one.change as Record<string, Json | null>;
  const isShort = one.type.startsWith("docker_") && one.change.actions.includes("no-op");
  const shown = (values: Json | null | undefined, marks: unknown) =>
    values &&
    Object.fromEntries(
      Object.entries(values)
        .filter(([, value]) => value !== null && !["[]", "{}"].includes(JSON.stringify(value)))
        .filter(([name]) => !isShort || ["id", "name", "image"].includes(name))
        .map(([name, value]) => [name, isMarked(marks, name) ? "(sensitive)" : value]),
    );
  const change = { ...one.change, before: shown(before, before_sensitive), after: shown(after, after_sensitive) };
  return { ...one, change };
}

function isMarked(marks: unknown, name: string): boolean {
  return marks === true || JSON.stringify((marks as Json | undefined)?.[name] ?? false).includes("true");
}

function referencesOf({ address, expressions = {}, depends_on }: Json): Json {
  const referring = Object.entries(expressions as Json).filter(([, one]) => (one as Json | undefined)?.references);
  const found = referring.map(([name, one]) => [name, { references: (one as Json).references }]);
  return { address, expressions: Object.fromEntries(found), ...(depends_on ? { depends_on } : {}) };
}
