/** What is read of a saved plan, as `terraform show -json` prints it. */
export interface SavedPlan {
  /** How what is there differs from the state: what somebody else has changed. */
  readonly resource_drift?: readonly ResourceChange[];
  readonly resource_changes?: readonly ResourceChange[];
}

type Values = Readonly<Record<string, unknown>>;

/** What a plan does with one resource. */
export interface ResourceChange {
  readonly address: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly action_reason?: string;
  readonly change: {
    readonly actions: readonly ("no-op" | "create" | "read" | "update" | "delete" | "forget")[];
    readonly before: Values | null;
    /** Without what is known only once it is applied. */
    readonly after: Values | null;
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
