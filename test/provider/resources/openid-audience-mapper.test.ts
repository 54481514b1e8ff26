import { describe, expect, it } from "vitest";
import { handlerOf } from "../../../provider/engine/resource-handler";
import type { ObjectValue } from "../../../provider/protocol/values";
import { openidAudienceMapper } from "../../../provider/resources/openid-audience-mapper";
import { standIn } from "../stand-in";

const config: ObjectValue = { realm_id: "r", client_scope_id: "s", name: "m", included_client_audience: "no-such" };

describe("an audience mapper for a client that does not exist", () => {
  /** A realm with this one client, and what was written to it. */
  async function realmWith(client: string) {
    const written: string[] = [];
    const { keycloak } = await standIn((_call, { method, url }) => {
      if (method !== "GET") written.push(`${method} ${url}`);
      const asked = new URL(url!, "http://keycloak").searchParams.get("clientId");
      return { status: 200, body: asked === client ? [{ id: "uuid", clientId: client }] : asked ? [] : { id: "s" } };
    });
    return { handler: handlerOf(openidAudienceMapper, () => keycloak.session(300)), written };
  }

  it.each([
    ["made", null],
    ["changed", { ...config, id: "m", included_client_audience: "orders" }],
  ])("is not %s", async (_, prior) => {
    const { handler, written } = await realmWith("orders");
    const { planned } = handler.plan({ prior, config });
    const { diagnostics } = await handler.apply({ prior, planned, config });
    expect(diagnostics).toMatchObject([
      {
        summary: 'included_client_audience must be the client id of a client of realm "r", got: no-such',
        path: ["included_client_audience"],
      },
    ]);
    expect(written).toEqual([]);
  });

  it("is not looked for if the audience is a name of one's own", async () => {
    const { handler, written } = await realmWith("orders");
    const own = { ...config, included_client_audience: "", included_custom_audience: "https://api.example" };
    await handler.apply({ prior: null, planned: handler.plan({ prior: null, config: own }).planned, config: own });
    expect(written).toHaveLength(1);
  });
});
