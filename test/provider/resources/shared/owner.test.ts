import { describe, expect, it } from "vitest";
import { handlerOf } from "../../../../provider/engine/resource-handler";
import type { Resource } from "../../../../provider/engine/table";
import type { ObjectValue } from "../../../../provider/protocol/values";
import { openidAudienceMapper } from "../../../../provider/resources/openid-audience-mapper";
import { openidClientScope } from "../../../../provider/resources/openid-client-scope";
import { openidHardcodedClaimMapper } from "../../../../provider/resources/openid-hardcoded-claim-mapper";
import { standIn } from "../../stand-in";

const mapper = { realm_id: "r", client_scope_id: "s", name: "m", add_to_id_token: true };
const audience = { "included.custom.audience": "orders", "id.token.claim": "true" };

describe("what somebody made into another kind of thing", () => {
  it.each<[string, Resource, ObjectValue, object, string]>([
    [
      "an audience mapper",
      openidAudienceMapper,
      { ...mapper, included_custom_audience: "orders" },
      { protocolMapper: "oidc-usermodel-attribute-mapper", config: audience },
      "m (now oidc-usermodel-attribute-mapper)",
    ],
    [
      "a claim mapper",
      openidHardcodedClaimMapper,
      { ...mapper, claim_name: "a", claim_value: "b" },
      { protocolMapper: "oidc-audience-mapper", config: {} },
      "m (now oidc-audience-mapper)",
    ],
    ["a client scope", openidClientScope, { realm_id: "r", name: "m" }, { protocol: "saml" }, "m (now saml)"],
  ])("is shown as a change: %s", async (_, resource, config, server, shown) => {
    const found = { id: "x", name: "m", ...server };
    const isScope = resource === openidClientScope;
    const scope = isScope ? found : { id: "s", name: "s", protocol: "openid-connect", protocolMappers: [found] };
    const { keycloak } = await standIn(() => ({ status: 200, body: [scope] }));
    const handler = handlerOf(resource, () => keycloak.session(300));
    const { state } = await handler.read({ ...config, id: "x" }, false);
    expect(state!.name).toBe(shown);
    const { planned, requiresReplace } = handler.plan({ prior: state, config });
    expect([planned!.name, requiresReplace]).toEqual(["m", []]);
  });
});
