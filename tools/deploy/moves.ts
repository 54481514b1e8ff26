import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plain } from "../../constructs/contract/terraform-text";
import { identityOf, inWords } from "../project/identity";
import type { Stack } from "../project/project";
import type { State } from "../project/state";
import type { Session } from "../session";

/** An object that the state has under another address than the code: its construct was renamed, or put elsewhere. */
export interface Move {
  readonly from: string;
  readonly to: string;
  /** What it is, for a person. */
  readonly what: string;
}

/** Says what moves. */
export function announce(moves: readonly Move[], { out }: Session): void {
  for (const { what, from, to } of moves) out.warn(`${what} moves in the state: ${from} is ${to} now`);
}

/**
 * Works with Terraform told what has another address now: its plan then moves that, and the state changes with the apply.
 * Terraform reads every file of the stack's folder.
 *
 * @see https://developer.hashicorp.com/terraform/language/modules/develop/refactoring
 */
export async function withMoves<T>(stack: Stack, moves: readonly Move[], work: () => Promise<T>): Promise<T> {
  if (moves.length === 0) return await work();
  const file = join(stack.folder, "m2m-moved.tf.json");
  writeFileSync(file, JSON.stringify({ moved: moves.map(({ from, to }) => ({ from, to })) }));
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

interface Entry {
  readonly address: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * The objects that a plan would destroy under one address and make anew under another, though they are the same. To leave
 * them where they are, the state has to call them by the new address.
 *
 * References are followed, so that what belongs to a client moves with it. Where two objects could be meant, none moves.
 */
export function findMoves(stack: Stack, state: State): Move[] {
  const declared = declaredEntries(stack);
  const known = stateEntries(state);
  const gone = new Map(known.filter(({ address }) => !declared.has(address)).map((entry) => [entry.address, entry]));
  const here = new Map(known.filter(({ address }) => declared.has(address)).map((entry) => [entry.address, entry]));
  const added = [...declared.values()].filter(({ address }) => !here.has(address));
  const moves: Move[] = [];
  for (let isDone = false; !isDone; ) {
    isDone = true;
    for (const entry of added) {
      if (here.has(entry.address)) continue;
      const found = [...gone.values()].filter((before) => isSame(before, entry, { stack, state, here }));
      if (found.length !== 1) continue;
      const [before] = found as [Entry];
      gone.delete(before.address);
      here.set(entry.address, before); // references to the new address find the attributes of the old one
      moves.push({ from: before.address, to: entry.address, what: inWords(entry.type, before.attributes) });
      isDone = false;
    }
  }
  return moves;
}

interface Known {
  readonly stack: Stack;
  readonly state: State;
  /** What the state has of each declared address. */
  readonly here: ReadonlyMap<string, Entry>;
}

function isSame(before: Entry, now: Entry, known: Known): boolean {
  const identity = identityOf(now.type);
  if (before.type !== now.type || identity.length === 0) return false;
  if (!areOnOneServer(before, now, known.stack)) return false;
  const isUnset = (value: unknown) => value === undefined || value === null || value === "";
  return identity.every((name) => {
    const value = resolved(now.attributes[name], known);
    return isUnset(value) ? isUnset(before.attributes[name]) : value === before.attributes[name];
  });
}

/** The identity of a declared object, as far as the state knows what it refers to. */
export function declaredIdentity(stack: Stack, state: State, address: string): Record<string, unknown> {
  const declared = declaredEntries(stack);
  const entry = declared.get(address);
  if (!entry) return {};
  const here = new Map(stateEntries(state).map((one) => [one.address, one]));
  const known = { stack, state, here };
  return Object.fromEntries(identityOf(entry.type).map((name) => [name, resolved(entry.attributes[name], known)]));
}

/** Two servers may have a client of one name. A provider that is not declared any more may have been renamed, too. */
function areOnOneServer(before: Entry, now: Entry, { json }: Stack): boolean {
  const providers = [json.provider?.keycloak ?? []].flat();
  const urlOf = (provider: unknown) => providers.find(({ alias }) => alias === provider)?.url;
  const former = urlOf(before.attributes[PROVIDER]);
  return former === undefined || former === urlOf(now.attributes[PROVIDER]);
}

/** Under which the alias of an entry's provider stands among its attributes. No attribute has a name like it. */
const PROVIDER = "//provider";

/** A text, or what a reference to something in the state gives; a value that nothing equals for any other expression. */
function resolved(value: unknown, known: Known): unknown {
  if (typeof value !== "string") return value;
  if (!/(?<![$%])[$%]\{/.test(value)) return plain(value);
  const [, data, type = "", name = "", attribute = ""] = /^\$\{(data\.)?(\w+)\.([\w-]+)\.(\w+)\}$/.exec(value) ?? [];
  const attributes = data ? dataOf(type, name, known) : known.here.get(`${type}.${name}`)?.attributes;
  return attributes?.[attribute] ?? Symbol(value);
}

/** What a data source gave when its construct had another name: one of the same arguments. */
function dataOf(type: string, name: string, known: Known): Readonly<Record<string, unknown>> | undefined {
  const { provider, "//": _, depends_on, ...wanted } = known.stack.json.data?.[type]?.[name] ?? {};
  const found = known.state.resources
    .filter((one) => one.mode === "data" && one.type === type)
    .flatMap(({ instances }) => instances.map(({ attributes }) => attributes));
  return found.find((attributes) =>
    Object.entries(wanted).every(([key, value]) => attributes[key] === resolved(value, known)),
  );
}

function declaredEntries({ json }: Stack): Map<string, Entry> {
  const entries = Object.entries(json.resource ?? {}).flatMap(([type, named]) =>
    Object.entries(named).map(([name, config]) => {
      const address = `${type}.${name}`;
      const alias = /^\w+\.(.+)$/.exec(String(config.provider ?? ""))?.[1];
      return [address, { address, type, attributes: { ...config, [PROVIDER]: alias } }] as const;
    }),
  );
  return new Map(entries);
}

/** Only what has one instance: constructs make no others. */
function stateEntries({ resources }: State): Entry[] {
  return resources
    .filter(({ mode, instances }) => mode === "managed" && instances.length === 1)
    .map(({ type, name, provider, instances }) => {
      const alias = /"\]\.([\w-]+)$/.exec(provider)?.[1];
      return { address: `${type}.${name}`, type, attributes: { ...instances[0]!.attributes, [PROVIDER]: alias } };
    });
}
