import { inWords, KINDS } from "../project/identity";
import { attributeInWords } from "./attribute-words";
import { ADDED, CHANGED, type Change, HURT, type Kind, LOST, REMOVED } from "./change";
import type { Directory } from "./directory";
import type { Line } from "./line";
import { replacedInWords, tokenOf } from "./replaced";
import type { Touched } from "./worlds";

/** How the line of a type is told. */
interface Manner {
  readonly kind: Kind;
  readonly name: string;
  /** What is lost with it. */
  readonly loss?: string;
}

const LOST_KEY = "tokens that it has signed are refused";

const MANNERS: Readonly<Record<string, Manner>> = {
  keycloak_realm: { kind: "realm", name: "realm", loss: "all in it" },
  keycloak_realm_keystore_rsa_generated: { kind: "realm-key", name: "name", loss: LOST_KEY },
  keycloak_realm_keystore_ecdsa_generated: { kind: "realm-key", name: "name", loss: LOST_KEY },
  keycloak_openid_client_scope: { kind: "scope", name: "name" },
  keycloak_role: { kind: "role", name: "name" },
  keycloak_realm_client_policy_profile_policy: { kind: "client-policy", name: "name" },
  docker_container: { kind: "container", name: "name" },
  docker_volume: { kind: "volume", name: "name", loss: "all in it" },
  docker_network: { kind: "network", name: "name" },
  docker_image: { kind: "image", name: "name" },
};

/** The line of anything but a client, with what belongs to it. Resources that are not ours are called by their address. */
export function otherLines(
  address: string,
  touched: readonly Touched[],
  [before, after]: readonly [Directory, Directory],
): Line[] {
  const type = typeIn(address);
  const own = touched.find((one) => one.address === address);
  const manner = MANNERS[type];
  const values = after.world.at.get(address) ?? before.world.at.get(address) ?? {};
  const directory = after.world.at.has(address) ? after : before;
  if (!manner || typeof values[manner.name] !== "string") return touched.map(asTerraformShows);
  const isOfRealm = typeof values.realm_id === "string";
  const named = directory.world.refer.text(values[manner.name]);
  const owner = type === "keycloak_role" ? directory.world.refer.clientId(values.client_id) : undefined;
  const shared = {
    kind: manner.kind,
    name: owner === undefined ? named : `${named} of ${owner}`,
    ...(isOfRealm && { realm: directory.realmOf(values) }),
    ...(type === "keycloak_realm" && { realm: named }),
    addresses: touched.map((one) => one.address),
    ...(type === "keycloak_openid_client_scope" && {
      scopes: [named],
      isPart: values.include_in_token_scope === false && own?.action !== "update",
    }),
    ...(type === "keycloak_role" && { roles: [named], isPart: own?.action !== "update" }),
  };
  return [{ ...shared, ...told(own, manner, touched, [before, after]) }];
}

function told(
  own: Touched | undefined,
  { loss }: Manner,
  touched: readonly Touched[],
  worlds: readonly [Directory, Directory],
): Pick<Change, "mark" | "action" | "details"> {
  const rest = touched.filter((one) => one !== own).map((one) => memberInWords(one));
  switch (own?.action) {
    case "create":
      return { ...ADDED, details: news(own, worlds[1]) };
    case "delete":
      return loss === undefined ? { ...REMOVED, details: [] } : { ...LOST, details: [`destroyed: ${loss} is lost`] };
    case "forget":
      return { ...REMOVED, details: ["left as it is: Terraform forgets it"] };
    case "replace": {
      const isLoss = loss !== undefined && !own.isHalfMade;
      const details = [...replacedInWords(own, isLoss ? `${loss} is lost` : undefined), ...rest];
      return { ...(isLoss ? HURT : CHANGED), details };
    }
    default: {
      const moved = own?.from === undefined ? [] : [`moves in the state, from ${own.from}`];
      return { ...CHANGED, details: [...(own ? changes(own, worlds) : []), ...rest, ...moved] };
    }
  }
}

/** What a reviewer has to know of something new. */
function news(own: Touched, after: Directory): string[] {
  const values = own.after ?? {};
  if (own.type === "keycloak_openid_client_scope") {
    const { audiences } = after.scope(values);
    return audiences.length === 0 ? [] : [`of ${audiences.join(", ")}`];
  }
  if (/_keystore_/.test(own.type))
    return [String(values.algorithm ?? "ES256"), values.active === true ? "active" : "prepared"];
  if (own.type === "keycloak_realm") {
    const { access_token_lifespan: lifespan, default_signature_algorithm: algorithm } = values;
    return [
      ...(typeof lifespan === "string" ? [`access tokens valid for ${lifespan}`] : []),
      ...(typeof algorithm === "string" && algorithm !== "" ? [`tokens signed with ${algorithm}`] : []),
    ];
  }
  if (own.type === "docker_container" && typeof values.image === "string") return [];
  return typeof values.description === "string" && values.description !== "" ? [values.description] : [];
}

function changes(own: Touched, [before, after]: readonly [Directory, Directory]): string[] {
  const all = own.attributes.map((attribute) => attributeInWords(own.type, attribute));
  if (own.type === "keycloak_openid_client_scope" && own.before && own.after) {
    const [was, is] = [before.scope(own.before), after.scope(own.after)];
    return was.isNamed === is.isNamed ? all : [is.isNamed ? "named in tokens" : "no longer named in tokens", ...all];
  }
  if (!/_keystore_/.test(own.type)) return all;
  const rest = own.attributes.filter(({ name }) => name !== "active" && name !== "priority");
  if (rest.length === own.attributes.length) return all;
  const state = own.after?.active === true ? "active" : "retiring: it signs no longer";
  return [state, ...rest.map((attribute) => attributeInWords(own.type, attribute))];
}

/** What belongs to something else that a line is of: a mapper of a scope, the events of a realm, a renewed certificate. */
function memberInWords(one: Touched): string {
  if (one.type === "terraform_data") return `certificates brought into it (${renewed(one)})`;
  const what = tokenOf(inWords(one.type, one.after ?? one.before ?? {}));
  if (one.action === "update") {
    return `${what}: ${one.attributes.map((attribute) => attributeInWords(one.type, attribute)).join(", ")}`;
  }
  return `${what} ${PAST[one.action]}`;
}

function renewed({ attributes, action }: Touched): string {
  const names = attributes.map(({ name }) => name.replace(/^triggers_replace\./, "")).filter((name) => name !== "id");
  return names.length === 0 ? PAST[action] : `${names.join(", ")} changed`;
}

const PAST = {
  create: "added",
  delete: "removed",
  replace: "made anew",
  update: "changed",
  move: "moved in the state",
  forget: "forgotten",
} as const;

/** As Terraform has it: the address, and what is done with it. */
export function asTerraformShows(one: Touched): Line {
  const { address, action, attributes } = one;
  const names = [...new Set(attributes.map(({ name }) => name))];
  const shared = { kind: "resource" as const, name: address, addresses: [address] };
  const known = KINDS[one.type] === undefined ? [] : [inWords(one.type, one.after ?? one.before ?? {})];
  switch (action) {
    case "create":
      return { ...shared, ...ADDED, details: known };
    case "delete":
      return { ...shared, ...REMOVED, details: ["destroyed"] };
    case "forget":
      return { ...shared, ...REMOVED, details: ["left as it is: Terraform forgets it"] };
    case "replace":
      return { ...shared, ...CHANGED, details: replacedInWords(one) };
    case "move":
      return { ...shared, ...CHANGED, details: [`moves in the state, from ${one.from}`] };
    default:
      return { ...shared, ...CHANGED, details: names.length === 0 ? ["changes"] : [`${names.join(", ")} changes`] };
  }
}

/** The type in an address, which may begin with modules. */
export function typeIn(address: string): string {
  const path = address.replaceAll(/\[[^\]]*\]/g, "").split(".");
  return path.at(-2) ?? "";
}
