import { ADDED, CHANGED, HURT, LOST, REMOVED } from "./change";
import { changedClient, newClient } from "./client-words";
import type { Client, Directory } from "./directory";
import type { Line } from "./line";
import { memberInWords } from "./member-words";
import { replacedInWords } from "./replaced";
import type { Touched } from "./worlds";

const CLIENT = "keycloak_openid_client";

/** The line of a client itself: of its settings, keys, claims, and of scopes and roles that are no grant. */
export function clientLines(
  address: string,
  touched: readonly Touched[],
  [before, after]: readonly [Directory, Directory],
  grantedRoles: readonly string[],
): Line[] {
  const [was, is] = [before.client(address), after.client(address)];
  const own = touched.find((one) => one.address === address);
  const { clientId: name, realm } = (own?.action === "replace" ? was : undefined) ?? (is ?? was)!;
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
  const { words, lockedOut } = own ? changedClient(own, was, is) : { words: [], lockedOut: undefined };
  const moved = own?.from === undefined ? [] : [`moves in the state, from ${own.from}`];
  const details = [...words, ...members(touched, [before, after], { was, is, grantedRoles }), ...moved];
  if (details.length === 0) return [];
  if (lockedOut === undefined) return [{ ...shared, ...CHANGED, details }];
  return [{ ...shared, ...HURT, details: [...details, `its machine cannot sign in until ${lockedOut}`] }];
}

function allOf({ scopes, roles }: Client): Pick<Line, "scopes" | "roles"> {
  return { scopes: [...scopes.keys()], roles: roles.map(({ name }) => name) };
}

/** A client at two moments, and the roles of which grants tell that it gets or loses them. */
interface Kept {
  readonly was: Client;
  readonly is: Client;
  readonly grantedRoles: readonly string[];
}

/** What changes in what belongs to a client, and is no grant. */
function members(touched: readonly Touched[], [before, after]: readonly [Directory, Directory], kept: Kept): string[] {
  return touched.flatMap((one) => {
    if (one.type === CLIENT) return [];
    const words = ownWords(one, one.after ? after : before, kept);
    return words ?? [memberInWords(one)];
  });
}

/** Words for one resource of a client: none if a grant tells it, `undefined` if there are none. */
function ownWords(one: Touched, { world }: Directory, { was, is, grantedRoles }: Kept): string[] | undefined {
  const { type } = one;
  if (one.action === "move") return [];
  if (/_(default|optional)_scopes$/.test(type)) return scopesInWords(one, was, is);
  if (!/_service_account_(realm_)?role$|_generic_role_mapper$/.test(type)) return undefined;
  const { role, role_id } = one.after ?? one.before ?? {};
  const name = role_id === undefined ? world.refer.text(role) : world.refer.role(role_id)?.name;
  return name !== undefined && grantedRoles.includes(name) ? [] : undefined;
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
