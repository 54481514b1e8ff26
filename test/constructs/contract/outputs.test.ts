import { expect, it } from "vitest";
import { machineOutputs } from "../../../constructs/contract/outputs";

const OUTPUTS = {
  issuer: { value: "http://keycloak:8080/realms/r" },
  connect_to: { value: "keycloak:8080=127.0.0.1:8080" },
  key_files: { value: { a: "certs/a-signing.key" } },
  another: { value: 1 },
};

it("the outputs of a state describe its machines", () => {
  expect(machineOutputs(OUTPUTS, ["issuer", "connect_to", "key_files"])).toEqual({
    issuer: "http://keycloak:8080/realms/r",
    connect_to: "keycloak:8080=127.0.0.1:8080",
    key_files: { a: "certs/a-signing.key" },
  });
});

it("all missing outputs are named", () => {
  expect(machineOutputs(OUTPUTS, ["issuer", "api"])).toEqual({ missing: ["api"] });
  expect(machineOutputs({}, ["issuer", "key_files"])).toEqual({ missing: ["issuer", "key_files"] });
});
