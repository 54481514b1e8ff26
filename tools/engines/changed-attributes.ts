import { quoted, shown } from "../../constructs/keys/shown";
import type { ResourceChange } from "./saved-plan";

/** An attribute, with its values where they may be shown. */
export interface ChangedAttribute {
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

type Change = Pick<
  ResourceChange["change"],
  "before" | "after" | "before_sensitive" | "after_sensitive" | "after_unknown"
>;

/**
 * The attributes that a change changes. A map changes by its entries, a list by what it lost and got. What is known only once
 * it is applied counts as a change if nothing else does: a provider fills in much by itself.
 */
export function changedAttributes(change: Change): ChangedAttribute[] {
  const { before, after, before_sensitive, after_sensitive, after_unknown } = change;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const unknown = Object.keys(after_unknown ?? {}).filter((name) => isMarked(after_unknown, name));
  const changed = names
    .filter((name) => !unknown.includes(name))
    .flatMap((name) => {
      const [was, is] = [before?.[name], after?.[name]];
      if (isSame(was, is)) return [];
      const isSecret = [before_sensitive, after_sensitive].some((marks) => isMarked(marks, name));
      return isSecret ? [{ name }] : changedValues(name, was, is);
    });
  if (changed.length > 0) return changed;
  return unknown.map((name) => ({ name, before: "something", after: "what is known after the apply" }));
}

function changedValues(name: string, was: unknown, is: unknown): ChangedAttribute[] {
  if (Array.isArray(was) && Array.isArray(is)) {
    const [lost, got] = [without(was, is), without(is, was)];
    return [{ name, before: listOf(lost), after: listOf(got) }];
  }
  if (!isMap(was) || !isMap(is)) return [{ name, before: textOf(was), after: textOf(is) }];
  const keys = [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((key) => !isSame(was[key], is[key]));
  return keys.map((key) => ({ name: `${name}.${key}`, before: textOf(was[key]), after: textOf(is[key]) }));
}

/** Whether any part of an attribute has a mark: as sensitive, or as not known yet. */
export function isMarked(marks: Readonly<Record<string, unknown>> | boolean | undefined, name: string): boolean {
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
