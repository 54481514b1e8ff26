import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { isUnknown, UNKNOWN } from "../../../provider/protocol/values";
import { openidClientDefaultScopes } from "../../../provider/resources/openid-client-scopes";

describe("the scopes of a client", () => {
  it("have an id as soon as the client has one", () => {
    const config = { realm_id: "r", client_id: "c", default_scopes: ["a"] };
    expect(planChange(openidClientDefaultScopes, null, config).planned!.id).toBe("r/c");
    expect(isUnknown(planChange(openidClientDefaultScopes, null, { ...config, client_id: UNKNOWN }).planned!.id)).toBe(
      true,
    );
  });
});
