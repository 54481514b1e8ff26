import { describe, expect, it } from "vitest";
import { EXISTS_ALREADY, existsAlready, nobodySignsIn, withCode } from "../../../constructs/contract/provider-errors";
import { adviceFor } from "../../../provider/admin-api/advice";

describe("a failed sign-in of a provider", () => {
  it.each([
    ["the embedded one, refused", withCode("Keycloak says no", "sign-in-refused")],
    ["the embedded one, not configured", withCode("a password must be set", "sign-in-incomplete")],
    ["the official one", "error initializing keycloak provider"],
    ["the official one, by Keycloak's answer", '{"error":"invalid_grant"}'],
  ])("is recognised: %s", (_which, output) => {
    expect(nobodySignsIn(`Error: ${output}\n\n  with provider`)).toBe(true);
  });

  it("is not taken for any other failure", () => {
    expect(nobodySignsIn("Error: Keycloak says no")).toBe(false);
  });
});

describe("something that Keycloak has already", () => {
  const conflict = { kind: "status", status: 409, got: "HTTP 409", temporary: false, ambiguous: false } as const;

  it.each([
    ["the embedded one", adviceFor(conflict)],
    ["the embedded one, in lines", `│ ${EXISTS_ALREADY.replaceAll(" ", "\n│ ")}`],
    ["the official one", "error sending POST request to /admin/realms/r/clients: 409 Conflict. Response body: {}"],
  ])("is recognised: %s", (_which, output) => {
    expect(existsAlready(`Error: ${output}`)).toBe(true);
  });

  it("is not taken for any other failure", () => {
    expect(existsAlready(adviceFor({ ...conflict, status: 400 }))).toBe(false);
    expect(existsAlready('client "409 Conflicts"')).toBe(false);
  });
});
