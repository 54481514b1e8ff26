import { quoted, shown } from "../../constructs/keys/shown";
import type { ResourceChange, SavedPlan } from "../engines/saved-plan";
import { inWords } from "../project/identity";

/** One object that differs from what the last deploy left. */
export interface Drifted {
  readonly address: string;
  readonly type: string;
  /** As in `client billing of realm prod`. */
  readonly what: string;
  readonly change: "changed" | "deleted";
  readonly realm: string | undefined;
  readonly attributes: readonly DriftedAttribute[];
  /** What `m2m up` does about it. */
  readonly repair: "sets it back" | "makes it again";
  /** What the state knew of it. */
  readonly before: Readonly<Record<string, unknown>>;
}

/** An attribute, with its values where they may be shown. */
export interface DriftedAttribute {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

/** What a plan found to differ from the state, and would repair. Providers differ from the state for other reasons too. */
export function driftedIn({ resource_drift = [], resource_changes = [] }: SavedPlan): Drifted[] {
  return resource_drift
    .filter(({ mode }) => mode === "managed")
    .flatMap((drift) => {
      const { address, type, change } = drift;
      const repair = repairOf(resource_changes.find((one) => one.address === address));
      if (repair === undefined) return [];
      const before = change.before ?? {};
      const found: Drifted = {
        address,
        type,
        what: inWords(type, before),
        change: change.actions.includes("delete") ? "deleted" : "changed",
        realm: realmOf(type, before),
        attributes: change.after === null ? [] : changedAttributes(drift),
        repair,
        before,
      };
      return [found];
    });
}

/** How many changes a plan has that nobody made by hand: declared, and not deployed yet. */
export function pendingIn({ resource_drift = [], resource_changes = [] }: SavedPlan): number {
  const drifted = resource_drift.map(({ address }) => address);
  return resource_changes.filter(
    ({ mode, address, change }) =>
      mode === "managed" && !drifted.includes(address) && !change.actions.includes("no-op"),
  ).length;
}

function realmOf(type: string, before: Readonly<Record<string, unknown>>): string | undefined {
  const realm = type === "keycloak_realm" ? before.realm : before.realm_id;
  return typeof realm === "string" ? realm : undefined;
}

function repairOf(planned: ResourceChange | undefined): Drifted["repair"] | undefined {
  const actions = planned?.change.actions ?? [];
  if (actions.includes("create")) return "makes it again";
  return actions.includes("update") ? "sets it back" : undefined;
}

function changedAttributes({ change }: ResourceChange): DriftedAttribute[] {
  const { before, after, before_sensitive, after_sensitive } = change;
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...names].flatMap((name) => {
    const [was, is] = [before?.[name], after?.[name]];
    if (isSame(was, is)) return [];
    const isSecret = [before_sensitive, after_sensitive].some((marks) => isMarked(marks, name));
    return isSecret ? [{ name }] : changedValues(name, was, is);
  });
}

/** A map changes by its entries, a list by what it lost and got. */
function changedValues(name: string, was: unknown, is: unknown): DriftedAttribute[] {
  if (Array.isArray(was) && Array.isArray(is)) {
    const [lost, got] = [without(was, is), without(is, was)];
    return [{ name, before: listOf(lost), after: listOf(got) }];
  }
  if (!isMap(was) || !isMap(is)) return [{ name, before: textOf(was), after: textOf(is) }];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => !isSame(was[key], is[key]));
  return keys.map((key) => ({ name: `${name}.${key}`, before: textOf(was[key]), after: textOf(is[key]) }));
}

/** Whether any part of an attribute is sensitive. */
function isMarked(marks: Readonly<Record<string, unknown>> | boolean | undefined, name: string): boolean {
  if (typeof marks !== "object") return marks === true;
  return JSON.stringify(marks[name] ?? false).includes("true");
}

function without(list: readonly unknown[], other: readonly unknown[]): unknown[] {
  return list.filter((one) => !other.some((another) => isSame(one, another)));
}

function listOf(values: readonly unknown[]): string {
  return values.length === 0 ? "nothing" : values.map(textOf).join(", ");
}

/** A value as messages show it: nothing that may be a key, and nothing long. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  const safe = typeof value === "string" ? quoted(value) : shown(JSON.stringify(value));
  return safe.length > 120 ? `${safe.slice(0, 120)}…` : safe;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, two: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(two);
}
