import { describe, expect, it } from "vitest";
import { realmData } from "../../../provider/data-sources/realm";
import { roleData } from "../../../provider/data-sources/role";
import { dataHandlerOf } from "../../../provider/engine/data-source-handler";
import type { ObjectValue } from "../../../provider/protocol/values";
import { standIn } from "../stand-in";

/** What a data source shows of this server's answer to every question. */
async function shown(source: typeof realmData, server: object, config: ObjectValue): Promise<ObjectValue> {
  const { keycloak } = await standIn(() => ({ status: 200, body: server }));
  return dataHandlerOf(source, () => keycloak.session(300)).read(config);
}

describe("a realm's data source", () => {
  const server = { id: "uuid", realm: "r", bruteForceProtected: true, failureFactor: 5 };

  it("shows no security defenses unless it is asked for them, like the official one", async () => {
    expect((await shown(realmData, server, { realm: "r" })).security_defenses).toEqual([]);
    const asked = { realm: "r", security_defenses: [{ headers: [], brute_force_detection: [] }] };
    expect((await shown(realmData, server, asked)).security_defenses).toMatchObject([
      { headers: [], brute_force_detection: [{ max_login_failures: 5 }] },
    ]);
  });
});

describe("a role's data source", () => {
  it("shows no composite roles, like the official one", async () => {
    const server = { id: "uuid", name: "n", composite: true, description: "d" };
    const values = await shown(roleData, server, { realm_id: "r", name: "n" });
    expect(values).toMatchObject({ id: "uuid", description: "d", composite_roles: [] });
  });
});
