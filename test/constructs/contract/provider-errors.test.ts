import { describe, expect, it } from "vitest";
import { nobodySignsIn, withCode } from "../../../constructs/contract/provider-errors";

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
