/** What is read of a saved plan, as `terraform show -json` prints it. */
export interface SavedPlan {
  /** How what is there differs from the state: what somebody else has changed. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly resource_changes?: readonly ResourceChange[];
  /** Of each output; its values are not read, since they may be sensitive. */
  readonly output_changes?: Readonly<Record<string, { readonly actions: ResourceChange["change"]["actions"] }>>;
  /** What the state has, once it is refreshed: data sources are read from here. */
  readonly prior_state?: { readonly values?: { readonly root_module?: StateModule } };
  readonly configuration?: { readonly root_module?: { readonly resources?: readonly ConfiguredResource[] } };
}

interface StateModule {
  readonly resources?: readonly {
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly values: Values;
  }[];
}

/** What the configuration says of a resource: an attribute refers to others, the longest reference first. */
export interface ConfiguredResource {
  readonly address: string;
  readonly expressions?: Readonly<Record<string, { readonly references?: readonly string[] } | unknown>>;
  readonly depends_on?: readonly string[];
}

type Values = Readonly<Record<string, unknown>>;

/** What a plan does with one resource. */
export interface ResourceChange {
  readonly address: string;
  /** Where the state has it until the apply. */
  readonly previous_address?: string;
  /** What a failed replacement left, beside the object itself. */
  readonly deposed?: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly ("no-op" | "create" | "read" | "update" | "delete" | "forget")[];
    readonly before: Values | null;
    /** Without what is known only once it is applied. */
    readonly after: Values | null;
    /** Marks what is known only once it is applied. */
    readonly after_unknown?: Values | boolean;
    readonly before_sensitive?: Values | boolean;
    readonly after_sensitive?: Values | boolean;
    /** The attributes that cannot be changed in place. */
    readonly replace_paths?: readonly (readonly (string | number)[])[];
  };
}

/** The changes that make something. */
export function creations({ resource_changes = [] }: SavedPlan): ResourceChange[] {
  return resource_changes.filter(({ mode, change }) => mode === "managed" && change.actions.includes("create"));
}

/** The changes that destroy something, whether or not it is made anew. */
export function destructions({ resource_changes = [] }: SavedPlan): ResourceChange[] {
  return resource_changes.filter(({ mode, change }) => mode === "managed" && change.actions.includes("delete"));
}
