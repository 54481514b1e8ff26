import type { Touched } from "./worlds";

/** Why something is made anew, and what that costs. */
export function replacedInWords({ reasons, attributes, isHalfMade }: Touched, cost?: string): string[] {
  const names = reasons.length > 0 ? reasons : attributes.map(({ name }) => name);
  const why = isHalfMade ? ["a failed run left it half made"] : names;
  const text = why.length === 0 ? "made anew" : `made anew (${[...new Set(why)].join(", ")})`;
  return [cost === undefined ? text : `${text}: ${cost}`];
}
