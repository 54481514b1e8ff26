import { withAdminApi } from "../keycloak/admin-api";
import type { Output } from "../output";
import type { Stack } from "../project/project";
import { type DeclaredRealm, declaredRealms } from "./declared";
import { liveRealm } from "./live";
import { type RealmMatrix, realmMatrix } from "./matrix";

/** Who may call what, by the synthesized stacks. */
export function declaredMatrices(stacks: readonly Stack[]): RealmMatrix[] {
  return declaredRealms(stacks).map((realm) => realmMatrix(realm));
}

/**
 * The same beside what Keycloak has. Signs in once at each server.
 *
 * @throws {ToolError} `keycloak-unreachable`
 */
export async function liveMatrices(stacks: readonly Stack[], out: Output): Promise<RealmMatrix[]> {
  const servers = new Map<string, DeclaredRealm[]>();
  for (const realm of declaredRealms(stacks)) servers.set(realm.url, [...(servers.get(realm.url) ?? []), realm]);
  const found: RealmMatrix[] = [];
  for (const [url, realms] of servers) {
    const names = realms.map(({ realmName }) => realmName).join(", ");
    found.push(...(await out.step(`reading ${names} at ${url}`, () => readLive(realms))));
  }
  return found;
}

/** Of realms of one server. */
async function readLive(realms: readonly DeclaredRealm[]): Promise<RealmMatrix[]> {
  const { stack, alias } = realms[0]!;
  return await withAdminApi(stack, alias, async (ask) => {
    const each: RealmMatrix[] = [];
    for (const realm of realms) each.push(realmMatrix(realm, (await liveRealm(ask, realm.realmName)) ?? "missing"));
    return each;
  });
}
