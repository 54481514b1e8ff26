import { inWords, KINDS } from "../project/identity";
import { attributeInWords } from "./attribute-words";
import { ADDED, CHANGED, type Change, HURT, type Kind, LOST, REMOVED } from "./change";
import type { Directory } from "./directory";
import type { Line } from "./line";
import { memberInWords } from "./member-words";
import { replacedInWords } from "./replaced";
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
  keycloak_realm: { kind: "realm", name: "realm", loss: "all in it is lost" },
  keycloak_realm_keystore_rsa_generated: { kind: "realm-key", name: "name", loss: LOST_KEY },
  keycloak_realm_keystore_ecdsa_generated: { kind: "realm-key", name: "name", loss: LOST_KEY },
  keycloak_openid_client_scope: { kind: "scope", name: "name" },
  keycloak_role: { kind: "role", name: "name" },
  keycloak_realm_client_policy_profile_policy: { kind: "client-policy", name: "name" },
  docker_container: { kind: "container", name: "name" },
  docker_volume: { kind: "volume", name: "name", loss: "all in it is lost" },
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
  // What is made anew is called as it was, since that is lost.
  const directory = after.world.at.has(address) && own?.action !== "replace" ? after : before;
  const values = directory.world.at.get(address) ?? {};
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
  const next = after.world.at.get(address)?.[manner.name];
  const isRenamed = own?.action === "replace" && typeof next === "string" && after.world.refer.text(next) !== named;
  const { mark, action, details } = told(own, manner, touched, [before, after]);
  const renamed = isRenamed ? [`called ${after.world.refer.text(next)} then`] : [];
  return [{ ...shared, mark, action, details: [...details, ...renamed] }];
}

function told(
  own: Touched | undefined,
  { loss }: Manner,
  touched: readonly Touched[],
  worlds: readonly [Directory, Directory],
): Pick<Change, "mark" | "action" | "details"> {
  // What belongs to something goes where that goes.
  const goesAlong = (one: Touched) => one.action === own?.action && (one.action === "replace" || one.action === "move");
  const isTold = (one: Touched) => one === own || goesAlong(one);
  const rest = touched.filter((one) => !isTold(one)).map(memberInWords);
  switch (own?.action) {
    case "create":
      return { ...ADDED, details: news(own, worlds[1]) };
    case "delete":
      return loss === undefined ? { ...REMOVED, details: [] } : { ...LOST, details: [`destroyed: ${loss}`] };
    case "forget":
      return { ...REMOVED, details: ["left as it is: Terraform forgets it"] };
    case "replace": {
      const isLoss = loss !== undefined && !own.isHalfMade;
      const details = [...replacedInWords(own, isLoss ? loss : undefined), ...rest];
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
