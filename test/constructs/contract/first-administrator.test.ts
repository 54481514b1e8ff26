import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  configurationPath,
  configuredPassword,
  givenByEnvironment,
  isPasswordGiven,
  variableName,
  variableReference,
  writeConfiguration,
} from "../../../constructs/contract/first-administrator";
import { variableIn } from "../../../constructs/contract/terraform-text";
import { inTemporaryProject } from "../project";

inTemporaryProject();

describe("the variables of a server", () => {
  it("are named by its prefix, and found again in the arguments that refer to them", () => {
    expect(variableName("keycloak", "password")).toBe("keycloak_admin_password");
    expect(variableIn(variableReference("sso", "username"))).toBe("sso_admin_username");
    expect(variableIn("admin")).toBeUndefined();
  });
});

describe("the environment", () => {
  const password = () => givenByEnvironment("password", "sso_admin_password");

  it("gives nothing if nothing is set", () => {
    expect(password()).toBeUndefined();
    expect(isPasswordGiven("sso")).toBe(false);
  });

  it("gives Terraform's variable before the provider's, even an empty one", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", "of the provider");
    expect(password()).toEqual({ name: "KEYCLOAK_PASSWORD", value: "of the provider" });
    vi.stubEnv("TF_VAR_sso_admin_password", "");
    expect(password()).toEqual({ name: "TF_VAR_sso_admin_password", value: "" });
    expect(isPasswordGiven("sso")).toBe(true);
  });

  it("gives the provider's variable to a provider that refers to no variable", () => {
    vi.stubEnv("KEYCLOAK_USER", "root");
    expect(givenByEnvironment("username", undefined)?.value).toBe("root");
  });

  it("takes an empty variable of the provider as not set", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", "");
    expect(isPasswordGiven("sso")).toBe(false);
  });
});

describe("the file of a server", () => {
  const ADMINISTRATOR = { username: "admin", password: "pass=word" };
  beforeEach(() => mkdirSync("stack"));

  it("is read by its owner only, and gives the password back", () => {
    writeConfiguration("stack", "Keycloak", ADMINISTRATOR, []);
    const path = join("stack", configurationPath("Keycloak"));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toBe("bootstrap-admin-username=admin\nbootstrap-admin-password=pass=word\n");
    expect(configuredPassword("stack")).toBe("pass=word");
  });

  it("gives no password if it is empty or missing", () => {
    expect(configuredPassword("stack")).toBeUndefined();
    writeConfiguration("stack", "Keycloak", undefined, []);
    expect(configuredPassword("stack")).toBeUndefined();
  });

  it("is skipped if another server's holds a password", () => {
    writeConfiguration("stack", "A", undefined, []);
    writeConfiguration("stack", "B", ADMINISTRATOR, []);
    expect(configuredPassword("stack")).toBe("pass=word");
  });

  it("is skipped if its folder is empty, as are other files there", () => {
    mkdirSync(join("stack", "bootstrap-admin", "A"), { recursive: true });
    writeFileSync(join("stack", "bootstrap-admin", "note"), "");
    expect(configuredPassword("stack")).toBeUndefined();
  });

  it("has other lines too, also without an administrator", () => {
    writeConfiguration("stack", "Keycloak", undefined, ["db-password=secret"]);
    expect(readFileSync(join("stack", configurationPath("Keycloak")), "utf8")).toBe("db-password=secret\n");
    expect(configuredPassword("stack")).toBeUndefined();
  });
});
