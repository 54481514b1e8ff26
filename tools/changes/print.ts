import { plainLine } from "../../network/plain-text";
import { PLAIN } from "../colour";
import type { Change, Mark } from "./change";
import type { PlanInWords } from "./changes";

/** What changes in one stack. */
export interface StackInWords extends PlanInWords {
  readonly stack: string;
}

/** A line of the list: its mark stands apart, so that it can be coloured. */
export interface PrintedLine {
  /** Absent for a heading. */
  readonly mark?: Mark;
  readonly text: string;
}

const NOUNS: Readonly<Record<string, string>> = {
  "realm-key": "realm key",
  "client-policy": "client policy",
  resource: "",
  output: "output",
};

/** Of clients in several realms it is said in which one they are, and of those of `master` always. */
export function isRealmTold(changes: readonly Change[]): (realm: string | undefined) => boolean {
  const realms = new Set(changes.flatMap(({ realm }) => realm ?? []));
  realms.delete("master");
  return (realm) => realm !== undefined && (realm === "master" || realms.size > 1);
}

/** One change, without its mark, as in `client batch  RS256, key hI4p9S8E until 2027-11-29`. */
export function inOneLine({ kind, name, realm, details }: Change, tellsRealm: boolean): string {
  const noun = NOUNS[kind] ?? kind;
  const where = tellsRealm && kind !== "realm" ? ` of realm ${realm}` : "";
  const what = `${noun === "" ? "" : `${noun} `}${name}${where}`;
  if (details.length === 0) return plainLine(what);
  return plainLine(kind === "grant" ? `${what}: ${details.join(", ")}` : `${what}  ${details.join(", ")}`);
}

const BY_HAND = "changed by hand, and set back by `m2m up`:";

/** What changes, one line each, and apart what somebody changed by hand. Nothing at all is one line, too. */
export function printedLines(stacks: readonly StackInWords[]): PrintedLine[] {
  const several = stacks.length > 1;
  const lines = stacks.flatMap(({ stack, changes, byHand }) => {
    if (changes.length + byHand.length === 0) return [];
    return [
      ...(several ? [{ text: `stack ${stack}:` }] : []),
      ...listed(changes),
      ...(byHand.length > 0 ? [{ text: BY_HAND }, ...listed(byHand)] : []),
    ];
  });
  return lines.length === 0 ? [{ text: "No changes." }] : lines;
}

export function listed(changes: readonly Change[]): PrintedLine[] {
  const tells = isRealmTold(changes);
  return changes.map((change) => ({ mark: change.mark, text: inOneLine(change, tells(change.realm)) }));
}

const COLOURS = { "+": "green", "~": "yellow", "-": "red", "!": "red" } as const;

/** What hurts is in colour as a whole. */
export function plainText(lines: readonly PrintedLine[], paint = PLAIN): string {
  const shown = ({ mark, text }: PrintedLine) => {
    if (mark === undefined) return text;
    const colour = COLOURS[mark];
    return mark === "!" ? paint(colour, `${mark} ${text}`) : `${paint(colour, mark)} ${text}`;
  };
  return lines.map(shown).join("\n");
}

/** How many changes there are of each sort, as in `1 added, 2 changed`. */
export function counted(changes: readonly Change[]): string {
  const actions = ["added", "changed", "removed"] as const;
  const counts = actions.map((action) => [changes.filter((one) => one.action === action).length, action] as const);
  return counts
    .filter(([count]) => count > 0)
    .map(([count, action]) => `${count} ${action === "removed" ? "destroyed" : action}`)
    .join(", ");
}

/** The list for a comment on a pull request. In a block of the language `diff`, sites colour the lines by their marks. */
export function markdown(stacks: readonly StackInWords[], plans: readonly string[] = []): string {
  const all = stacks.flatMap(({ changes }) => changes);
  const byHand = stacks.flatMap((one) => one.byHand);
  const parts = [
    ...(all.length > 0 ? [counted(all)] : []),
    ...(byHand.length > 0 ? [`${byHand.length} changed by hand`] : []),
  ];
  const head = `**m2m diff:** ${parts.join("; ") || "no changes"}`;
  const list = parts.length === 0 ? [] : [fenced("diff", plainText(printedLines(stacks)))];
  const full = plans.map((plan) => `<details><summary>Terraform's plan</summary>\n\n${fenced("", plan)}\n\n</details>`);
  return [head, ...list, ...full].join("\n\n");
}

/** A block that its own text cannot end. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...(text.match(/`{3,}/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}

/** The list for a program. */
export function inJson(stacks: readonly StackInWords[]) {
  const of = (stack: string, changes: readonly Change[]) => {
    const tells = isRealmTold(changes);
    return changes.map((change) => ({ stack, ...change, text: inOneLine(change, tells(change.realm)) }));
  };
  return {
    inWords: stacks.flatMap(({ stack, changes }) => of(stack, changes)),
    byHand: stacks.flatMap(({ stack, byHand }) => of(stack, byHand)),
  };
}

/** What was done, once it is. */
export function summary({ stack, changes, byHand }: StackInWords): PrintedLine[] {
  const all = [...changes, ...byHand.map((one): Change => ({ ...one, ...SET_BACK }))];
  if (all.length === 0) return [{ text: `stack ${stack}: nothing to change` }];
  return [{ text: `stack ${stack}: ${counted(all)}` }, ...listed(all)];
}

const SET_BACK = { mark: "~", action: "changed", details: ["set back to what is declared"] } as const;
