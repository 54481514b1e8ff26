import { inWords } from "../project/identity";
import { attributeInWords } from "./attribute-words";
import { ADDED, CHANGED, HURT, LOST, REMOVED } from "./change";
import { changedClient, newClient } from "./client-words";
import type { Client, Directory } from "./directory";
import type { Line } from "./line";
import { replacedInWords, tokenOf } from "./replaced";
import type { Touched } from "./worlds";

const CLIENT = "keycloak_openid_client";

/** The line of a client itself: of its settings, keys, claims, and of scopes and roles that are no grant. */
export function clientLines(
  address: string,
  touched: readonly Touched[],
  [before, after]: readonly [Directory, Directory],
  isGranted: boolean,
): Line[] {
  const [was, is] = [before.client(address), after.client(address)];
  const own = touched.find((one) => one.address === address);
  const { clientId: name, realm } = (is ?? was)!;
  const shared = { kind: "client" as const, name, realm, addresses: touched.map((one) => one.address) };
  if (own?.action === "forget") return [{ ...shared, ...REMOVED, details: ["left as it is: Terraform forgets it"] }];
  if (is && own?.action === "create") return [{ ...shared, ...ADDED, details: newClient(is, after), ...allOf(is) }];
  if (was && own?.action === "delete") {
    const details = ["destroyed: its machine can no longer sign in"];
    return [{ ...shared, ...LOST, details, ...allOf(was) }];
  }
  if (own?.action === "replace") {
    const details = [...replacedInWords(own, "its machine cannot sign in meanwhile"), ...newClient(is!, after)];
    return [{ ...shared, ...HURT, details, ...allOf(is!) }];
  }
  if (!was || !is) return [];
  const { words, isLockedOut } = own ? changedClient(own, was, is) : { words: [], isLockedOut: false };
  const moved = own?.from === undefined ? [] : [`moves in the state, from ${own.from}`];
  const details = [...words, ...members(touched, was, is, isGranted), ...moved];
  const kept = isLockedOut ? [...details, "its machine cannot sign in until it signs with another key"] : details;
  return kept.length === 0 ? [] : [{ ...shared, ...(isLockedOut ? HURT : CHANGED), details: kept }];
}

function allOf({ scopes, roles }: Client): Pick<Line, "scopes" | "roles"> {
  return { scopes: [...scopes.keys()], roles: roles.map(({ name }) => name) };
}

/** What changes in what belongs to a client, and is no grant. */
function members(touched: readonly Touched[], was: Client, is: Client, isGranted: boolean): string[] {
  return touched.flatMap((one) => {
    if (one.type === CLIENT) return [];
    const words = memberInWords(one, was, is, isGranted);
    return words ?? [otherwise(one)];
  });
}

/** Words for one resource of a client: none if a grant tells it, `undefined` if there are none. */
function memberInWords(one: Touched, was: Client, is: Client, isGranted: boolean): string[] | undefined {
  const { type } = one;
  if (one.action === "move") return [];
  if (/_(default|optional)_scopes$/.test(type)) return scopesInWords(one, was, is);
  if (/_service_account_(realm_)?role$|_generic_role_mapper$/.test(type) && isGranted) return [];
  return undefined;
}

/** Scopes that are no grant. Roles need the scope `roles`, which comes and goes with them. */
function scopesInWords({ type, before, after }: Touched, was: Client, is: Client): string[] | undefined {
  const way = /_default_scopes$/.test(type) ? "default" : "optional";
  const listOf = (values: Touched["after"]) => (values?.[`${way}_scopes`] ?? []) as readonly string[];
  const [had, has] = [listOf(before), listOf(after)];
  if (had.length + has.length === 0 || !before || !after) return undefined;
  const grants = (client: Client, name: string) => [...client.access.values()].some(({ scopes }) => scopes.has(name));
  const isOther = (name: string) =>
    !grants(was, name) && !grants(is, name) && !(name === "roles" && was.scopeRoles.length !== is.scopeRoles.length);
  const [lost, got] = [had.filter((name) => !has.includes(name)), has.filter((name) => !had.includes(name))];
  if (lost.length + got.length === 0) return undefined;
  return [
    ...got.filter(isOther).map((name) => `${way} scope ${name} added`),
    ...lost.filter(isOther).map((name) => `${way} scope ${name} removed`),
  ];
}

function otherwise(one: Touched): string {
  const what = tokenOf(inWords(one.type, one.after ?? one.before ?? {}));
  if (one.action !== "update") return `${what} ${PAST[one.action]}`;
  return `${what}: ${one.attributes.map((attribute) => attributeInWords(one.type, attribute)).join(", ")}`;
}

const PAST = {
  create: "added",
  delete: "removed",
  replace: "made anew",
  move: "moved in the state",
  forget: "forgotten",
} as const;
