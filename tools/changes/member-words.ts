import { inWords } from "../project/identity";
import { attributesInWords } from "./attribute-words";
import { replacedInWords } from "./replaced";
import type { Touched } from "./worlds";

/** What is done with something that belongs to what a line is of. */
const PAST = {
  create: "added",
  delete: "removed",
  update: "changed",
  replace: "made anew",
  move: "moved in the state",
  forget: "left as it is: Terraform forgets it",
} as const;

/** What belongs to what a line is of, and what is done with it, as in `mapper tenant added`. */
export function memberInWords(one: Touched): string {
  if (one.type === "terraform_data") return `certificates brought into it (${renewed(one)})`;
  if (/_hardcoded_claim_protocol_mapper$/.test(one.type)) return claimInWords(one);
  return doneWith(withoutRealm(inWords(one.type, one.after ?? one.before ?? {})), one);
}

function doneWith(what: string, one: Touched): string {
  if (one.action === "replace") return `${what} ${replacedInWords(one).join(", ")}`;
  if (one.action !== "update") return `${what} ${PAST[one.action]}`;
  return `${what}: ${attributesInWords(one.type, one.attributes)}`;
}

/** A claim is what such a mapper is there for. */
function claimInWords(one: Touched): string {
  const claim = `claim ${(one.after ?? one.before)?.claim_name}`;
  const value = one.attributes.find(({ name }) => name === "claim_value");
  if (one.action !== "update" || value?.after === undefined) return doneWith(claim, one);
  const rest = one.attributes.filter((other) => other !== value);
  const changed = `${claim}: ${value.before} → ${value.after}`;
  return rest.length === 0 ? changed : `${changed}, ${attributesInWords(one.type, rest)}`;
}

/** Which of the public facts changed that a container's files are renewed by. */
function renewed(one: Touched): string {
  const facts = one.attributes.flatMap(({ name }) => /^triggers_replace\.(.+)$/.exec(name)?.[1] ?? []);
  if (facts.length > 0) return `${facts.join(", ")} changed`;
  return one.action === "replace" ? replacedInWords(one).join(", ") : doneWith("files", one);
}

/** The line names the realm already, and a reference is an id to a reader. */
function withoutRealm(words: string): string {
  return words.replace(/ of realm \S+$/, "").replace(/ \$\{\w+\.[\w-]+\.\w+\}/, "");
}
