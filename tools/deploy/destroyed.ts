import { destructions, type ResourceChange, type SavedPlan } from "../engines/saved-plan";
import type { PlannedChange } from "../engines/terraform-events";
import { holdsOthers, inWords } from "../project/identity";

/** Things whose loss nobody gets over by another `up`: what Keycloak holds, and the volume with its database. */
const HELD = /^(keycloak_\w+|docker_volume)$/;

/** The type in an address, which may begin with modules. */
const typeOf = (address: string) =>
  address
    .replaceAll(/\[[^\]]*\]/g, "")
    .split(".")
    .at(-2) ?? "";

/** What a run could not make to its end is made again. Nobody has used it. */
const HALF_MADE = "replace_because_tainted";

/** Does a plan destroy or replace such a thing? */
export function destroysSomething(changes: readonly PlannedChange[]): boolean {
  return changes.some(({ action, address }) => /^(delete|replace)$/.test(action) && HELD.test(typeOf(address)));
}

/** What a plan destroys and replaces of it, one line each. */
export function destroyedInWords(plan: SavedPlan): string[] {
  return destructions(plan)
    .filter(({ type, action_reason }) => HELD.test(type) && action_reason !== HALF_MADE)
    .map(lineOf);
}

function lineOf({ address, type, change }: ResourceChange): string {
  const all = holdsOthers(type) ? " with all in it" : "";
  const what = `${inWords(type, change.before ?? {})}${all} (${address})`;
  if (!change.actions.includes("create")) return what;
  const reasons = (change.replace_paths ?? []).map(([name]) => reasonOf(String(name), change));
  return `${what}, to be made anew${reasons.length > 0 ? `: ${[...new Set(reasons)].join(", ")}` : ""}`;
}

/** Which attribute cannot be changed in place. Only names and texts that are no secret are shown. */
function reasonOf(
  name: string,
  { before, after, before_sensitive, after_sensitive }: ResourceChange["change"],
): string {
  const isSecret = [before_sensitive, after_sensitive].some(
    (marks) => marks === true || (typeof marks === "object" && marks[name] !== undefined && marks[name] !== false),
  );
  const [was, becomes] = [before?.[name], after?.[name]];
  if (isSecret || typeof was !== "string" || typeof becomes !== "string") return `${name} changes`;
  return `${name} changes from ${JSON.stringify(was)} to ${JSON.stringify(becomes)}`;
}
