import { describe, expect, it } from "vitest";
import { adviceFor } from "../../../provider/admin-api/advice";
import { statusFault } from "../../../provider/admin-api/faults";
import { errorOf, readRealm, standIn } from "../stand-in";

describe("the advice", () => {
  it.each([
    ["GET", "/clients/id", "manage-clients"],
    ["POST", "/client-scopes", "manage-clients"],
    ["PUT", "/default-default-client-scopes/id", "manage-clients"],
    ["GET", "/users/id/role-mappings", "manage-users"],
    ["GET", "/events/config", "manage-events"],
    ["GET", "/roles?first=0", "manage-realm"],
    ["PUT", "", "manage-realm"],
  ])("names the right that %s %s lacks", (_method, path, right) => {
    const url = `http://localhost:8080/auth/admin/realms/my%20realm${path}`;
    const text = adviceFor(statusFault(403, undefined, url), "http://localhost:8080/auth");
    expect(text).toContain(
      `It needs the role ${right} of the client realm-management in realm "my realm" (view-${right.slice(7)} is enough`,
    );
  });

  it("names the right to create a realm", () => {
    const fault = statusFault(403, undefined, "http://localhost:8080/admin/realms");
    expect(adviceFor(fault, "http://localhost:8080")).toContain("It needs the role create-realm of realm master");
  });

  it("does not blame the values where Keycloak's database failed", () => {
    const fault = statusFault(400, { errorMessage: "Database operation failed" });
    expect(adviceFor(fault)).toContain("Keycloak's database did not carry it out");
    expect(adviceFor(fault)).not.toContain("values");
  });

  it.each([
    [403, "It needs the role manage-realm"],
    [409, "terraform import"],
    [400, "something wrong with the values"],
  ])("says what to do about HTTP %i", async (status, advice) => {
    const { keycloak } = await standIn(() => ({ status, body: { errorMessage: "as it says" } }));
    const text = await errorOf(readRealm(keycloak));
    expect(text).toContain(`HTTP ${status}, "as it says"`);
    expect(text).toContain(advice);
  });
});
