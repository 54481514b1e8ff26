import type { Change } from "./change";

/** A change, and how it goes with others. */
export interface Line extends Change {
  /** The scopes and roles that it tells of. */
  readonly scopes?: readonly string[];
  readonly roles?: readonly string[];
  /** Whether a grant or client that tells of the same scope or role tells it, too. */
  readonly isPart?: boolean;
}
