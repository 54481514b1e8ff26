import type { IConstruct } from "constructs";
import { redact } from "../keys/shown";
import { foreignFramework } from "./framework";

/** A prop that cannot be used; the message starts with the construct's path, as cdktf's own validation texts do. */
export class ValidationError extends Error {
  constructor(scope: IConstruct, problems: string | readonly string[]) {
    const list = typeof problems === "string" ? [problems] : problems;
    const text = list.length === 1 ? list[0] : list.map((problem) => `\n  - ${problem}`).join("");
    super(redact(`[${scope.node.path || "app"}] ${text}`));
    this.name = "ValidationError";
  }
}

/**
 * Throws all problems at once, so that one run tells everything. Every construct comes through here first: in a stack of
 * another framework nothing else would be worth telling.
 */
export function failOn(scope: IConstruct, problems: readonly string[]): void {
  const foreign = foreignFramework(scope);
  if (foreign.length > 0) throw new ValidationError(scope, foreign);
  if (problems.length > 0) throw new ValidationError(scope, problems);
}
