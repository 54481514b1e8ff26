import { describe, expect, it } from "vitest";
import { adviceFor } from "../../../provider/admin-api/advice";
import { statusFault } from "../../../provider/admin-api/faults";
import { errorOf, readRealm, standIn } from "../stand-in";

describe("the advice", () => {
  it.each([
    ["GET", "/clients/id", "manage-clients (view-clients is enough for a plan)"],
    ["POST", "/client-scopes", "manage-clients (view-clients is enough for a plan)"],
    ["PUT", "/default-default-client-scopes/id", "manage-clients (view-clients is enough for a plan)"],
    ["GET", "/users/id/role-mappings", "manage-users (view-users is enough for a plan)"],
    ["GET", "/events/config", "manage-events (view-events is enough for a plan)"],
    ["GET", "/roles?first=0", "manage-realm (view-realm is enough for a plan)"],
    ["PUT", "", "manage-realm (view-realm is enough for a plan)"],
  ])("names the right that %s %s lacks", (_method, path, right) => {
    const url = `http://localhost:8080/auth/admin/realms/my%20realm${path}`;
    const text = adviceFor(statusFault(403, undefined, url), "http://localhost:8080/auth");
    expect(text).toContain(`of the realm-management roles of realm "my realm" it needs ${right}`);
  });

  it("names the right to create a realm", () => {
    const fault = statusFault(403, undefined, "http://localhost:8080/admin/realms");
    expect(adviceFor(fault, "http://localhost:8080")).toContain("it needs the role create-realm of realm master");
  });

  it.each([
    [403, "realm-management roles"],
    [409, "terraform import"],
    [400, "something wrong with the values"],
  ])("says what to do about HTTP %i", async (status, advice) => {
    const { keycloak } = await standIn(() => ({ status, body: { errorMessage: "as it says" } }));
    const text = await errorOf(readRealm(keycloak));
    expect(text).toContain(`HTTP ${status}, "as it says"`);
    expect(text).toContain(advice);
  });
});
