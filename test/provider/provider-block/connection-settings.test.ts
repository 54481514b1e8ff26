import { describe, expect, it } from "vitest";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import { UNKNOWN } from "../../../provider/protocol/values";
import { checkConfiguration } from "../../../provider/provider-block/check";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { PASSWORD, readRealm, standIn } from "../stand-in";

describe("the connection of the provider block", () => {
  const good = { url: "http://localhost:8080/", client_id: "admin-cli", username: "admin", password: PASSWORD };

  it("is completed by the environment", () => {
    const environment = {
      KEYCLOAK_USER: "u",
      KEYCLOAK_PASSWORD: "p",
      KEYCLOAK_REALM: "ops",
      KEYCLOAK_BASE_PATH: "/auth",
    };
    const config = { url: "http://localhost:8080/", client_id: "admin-cli" };
    expect(checkConfiguration(config, environment)).toEqual([]);
    expect(connectionSettings(config, environment)).toMatchObject({
      url: "http://localhost:8080/auth",
      adminUrl: "http://localhost:8080/auth",
      realm: "ops",
      username: "u",
      timeoutMs: 15_000,
    });
  });

  it("has no time limit with client_timeout 0", async () => {
    const { url } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    const settings = connectionSettings({ ...good, url, client_timeout: 0 }, {})!;
    expect(await readRealm(new Keycloak(settings))).toMatchObject({ realm: "r" });
  });

  it("does not exist while a value is unknown", () => {
    expect(checkConfiguration({ ...good, url: UNKNOWN, password: UNKNOWN }, {})).toEqual([]);
    expect(connectionSettings({ ...good, url: UNKNOWN }, {})).toBeNull();
  });
});
