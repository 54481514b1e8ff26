import type { Touched } from "./worlds";

/** Why something is made anew, and what that costs. */
export function replacedInWords({ reasons, attributes, isHalfMade }: Touched, cost?: string): string[] {
  const names = reasons.length > 0 ? reasons : attributes.map(({ name }) => name);
  const why = isHalfMade ? ["a failed run left it half made"] : names;
  const text = why.length === 0 ? "made anew" : `made anew (${[...new Set(why)].join(", ")})`;
  return [cost === undefined ? text : `${text}: ${cost}`];
}

/** What a resource is, without the realm that its line names already, and without references that are ids to a reader. */
export function tokenOf(words: string): string {
  return words.replace(/ of realm \S+$/, "").replace(/ \$\{\w+\.[\w-]+\.\w+\}/, "");
}
