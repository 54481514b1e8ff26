import { describe, expect, it } from "vitest";
import { decodeMessage, encodeMessage } from "../../../provider/protocol/messages";
import { service } from "../../../provider/protocol/service";
import { createProvider } from "../../../provider/provider";

describe("the service", () => {
  it.each<[what: string, rpc: string, request: object, text: string]>([
    [
      "a value",
      "ReadResource",
      { currentState: { msgpack: Buffer.from("c1", "hex") } },
      "Unrecognized type byte: 0xc1",
    ],
    [
      "a value",
      "PlanResourceChange",
      { config: { json: Buffer.from('{"name":[]}') }, proposedNewState: { json: Buffer.from("{}") } },
      "value.name must be a string, got: a list",
    ],
    [
      "a state of keycloak_role",
      "UpgradeResourceState",
      { rawState: { json: Buffer.from('{"name":{}}') } },
      "value.name",
    ],
    ["a state", "UpgradeResourceState", { rawState: { json: Buffer.from("[") } }, "It is not JSON."],
  ])("says that it cannot read %s, and does not call this a defect (%s)", async (what, rpc, request, text) => {
    const bytes = encodeMessage(`${rpc}.Request`, { typeName: "keycloak_role", ...request });
    const { diagnostics } = decodeMessage(`${rpc}.Response`, await service(createProvider())[rpc]!(bytes));
    expect(diagnostics).toMatchObject([{ severity: 1, summary: `Terraform sent ${what} that cannot be read` }]);
    expect((diagnostics as { detail: string }[])[0]!.detail).toContain(text);
  });

  it("names the resources it has when asked for another", async () => {
    const answer = service(createProvider()).ReadResource!;
    const state = encodeMessage("DynamicValue", { msgpack: Buffer.from([0x80]) });
    const request = encodeMessage("ReadResource.Request", {
      typeName: "keycloak_user",
      currentState: decodeMessage("DynamicValue", state),
    });
    expect(decodeMessage("ReadResource.Response", await answer(request))).toMatchObject({
      diagnostics: [{ severity: 1, summary: "The embedded Keycloak provider has no resource keycloak_user" }],
    });
  });
});
