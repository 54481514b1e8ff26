import { describe, expect, it } from "vitest";
import type { Keycloak } from "../../../provider/admin-api/keycloak";
import { handlerOf } from "../../../provider/engine/resource-handler";
import type { Resource } from "../../../provider/engine/table";
import type { ObjectValue } from "../../../provider/protocol/values";
import { openidClient } from "../../../provider/resources/openid-client";
import { role } from "../../../provider/resources/role";
import { standIn } from "../stand-in";

describe("a new object", () => {
  const config = (values: ObjectValue): ObjectValue => ({ realm_id: "r", ...values });

  /** Applies what is planned for a new one of these. */
  async function applied(resource: Resource, keycloak: Keycloak, values: ObjectValue) {
    const handler = handlerOf(resource, () => keycloak.session(300));
    const { planned } = handler.plan({ prior: null, config: config(values) });
    const { state, diagnostics } = await handler.apply({ prior: null, planned, config: config(values) });
    return { state, text: diagnostics?.map(({ summary, detail }) => `${summary}\n${detail}`).join("\n") };
  }

  it("that exists already gives the import command", async () => {
    const { keycloak } = await standIn(() => ({ status: 409, body: { errorMessage: "Client c already exists" } }));
    const { state, text } = await applied(openidClient, keycloak, { client_id: "c", access_type: "CONFIDENTIAL" });
    expect(state).toBeNull();
    expect(text).toContain('Creating client "c" of realm "r": Keycloak answered HTTP 409, "Client c already exists"');
    expect(text).toContain("The command is `terraform import keycloak_openid_client.NAME REALM/CLIENT_UUID`.");
  });

  it("is in the state even if a later call for it failed", async () => {
    const { keycloak } = await standIn((_call, { method, url }) => {
      if (url!.endsWith("/composites")) return { status: method === "GET" ? 200 : 404, body: [] };
      return { status: method === "POST" ? 201 : 200, body: { id: "made", name: "n" } };
    });
    const { state, text } = await applied(role, keycloak, { name: "n", composite_roles: ["gone"] });
    expect(state).toMatchObject({ id: "made", name: "n" });
    expect(text).toContain('Composing role "n" of realm "r": Keycloak answered HTTP 404');
  });
});
