import { RENEWED_CERTIFICATES } from "../../constructs/contract/docker-names";
import type { Directory } from "./directory";
import { typeIn } from "./other-lines";
import type { Touched } from "./worlds";

/** By which argument a resource belongs to another one. The first that leads to one counts. */
const PARENTS: readonly (readonly [types: RegExp, ...args: string[]])[] = [
  [/^keycloak_openid_client_(default|optional)_scopes$/, "client_id"],
  [/^keycloak_openid_client_service_account_(realm_)?role$/, "service_account_user_id"],
  [/^keycloak_.*_mapper$/, "client_id", "client_scope_id"],
];

/** What changes, by the resource that a line is told of: its own address, or that of what it belongs to. */
export function byOwner(
  touched: readonly Touched[],
  [before, after]: readonly [Directory, Directory],
): Map<string, Touched[]> {
  const groups = new Map<string, Touched[]>();
  for (const one of touched) {
    const owner = ownerOf(one, one.after ? after : before) ?? one.address;
    groups.set(owner, [...(groups.get(owner) ?? []), one]);
  }
  return groups;
}

function ownerOf(one: Touched, directory: Directory): string | undefined {
  const values = one.after ?? one.before ?? {};
  const [, ...names] = PARENTS.find(([types]) => types.test(one.type)) ?? [/^$/];
  for (const name of names) {
    const owner = directory.world.addressOf(values[name]);
    if (owner !== undefined) return owner;
  }
  const { refer } = directory.world;
  if (/^keycloak_realm_(events|default_client_scopes|optional_client_scopes)$/.test(one.type)) {
    const realm = directory.realmOf(values);
    return addressWhere(directory, "keycloak_realm", (found) => refer.text(found.realm) === realm);
  }
  if (one.type === "keycloak_realm_client_policy_profile") {
    const uses = ({ profiles, realm_id }: Record<string, unknown>) =>
      Array.isArray(profiles) && profiles.includes(values.name) && realm_id === values.realm_id;
    return addressWhere(directory, "keycloak_realm_client_policy_profile_policy", uses);
  }
  if (one.type === "terraform_data" && one.address.includes(RENEWED_CERTIFICATES)) {
    return one.dependsOn.find((address) => typeIn(address) === "docker_container");
  }
  return undefined;
}

function addressWhere(directory: Directory, type: string, is: (values: Record<string, unknown>) => boolean) {
  return [...directory.world.at].find(([address, values]) => typeIn(address) === type && is(values))?.[0];
}
