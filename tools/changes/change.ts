/** What a line is about. */
export const KINDS_OF_CHANGES = [
  "realm",
  "realm-key",
  "client",
  "grant",
  "scope",
  "role",
  "client-policy",
  "volume",
  "network",
  "image",
  "container",
  "resource",
  "output",
] as const;

/**
 * - `+` is added
 * - `~` is changed
 * - `-` is removed
 * - `!` is removed or made anew, and something is lost by it
 */
export const MARKS = ["+", "~", "-", "!"] as const;

export type Mark = (typeof MARKS)[number];
export type Kind = (typeof KINDS_OF_CHANGES)[number];

/** One change in the words of the domain: one line. */
export interface Change {
  readonly mark: Mark;
  readonly action: "added" | "changed" | "removed";
  readonly kind: Kind;
  /** Such as `billing`, and of a grant `billing → orders`. */
  readonly name: string;
  /** Of what is in a realm. */
  readonly realm?: string;
  readonly details: readonly string[];
  /** The addresses of the resources that Terraform changes for it. */
  readonly addresses: readonly string[];
}

export const ADDED = { mark: "+", action: "added" } as const;
export const CHANGED = { mark: "~", action: "changed" } as const;
export const REMOVED = { mark: "-", action: "removed" } as const;
/** Removed with what nobody brings back. */
export const LOST = { mark: "!", action: "removed" } as const;
/** Made anew, or changed so that something is lost. */
export const HURT = { mark: "!", action: "changed" } as const;
