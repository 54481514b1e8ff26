/** A synthesized stack (`cdk.tf.json`), as far as the contract reads it. */
export interface StackJson {
  /** What Terraform takes for a comment. */
  readonly "//"?: unknown;
  readonly terraform?: { readonly required_providers?: Readonly<Record<string, { readonly source?: string }>> };
}

/** The arguments of one resource in a synthesized stack, or its attributes in a state. */
export type ResourceJson = Readonly<Record<string, unknown>>;

/** What a construct adds to the JSON of a stack or resource: `addOverride(...override)`. */
export type Override<Value = unknown> = readonly [path: string, value: Value];
