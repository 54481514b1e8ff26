// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Terraform's references look like that
import { readFileSync, statSync } from "node:fs";
import { Construct } from "constructs";
import { describe, expect, it, vi } from "vitest";
import { KeycloakServer, Realm } from "../../../constructs";
import {
  filesBelow,
  inTemporaryProject,
  manifestOf,
  messageOf,
  newStack,
  only,
  synth,
  writeProjectFile,
} from "../project";
import { serverJson } from "../servers";

inTemporaryProject();

describe("the administrator", () => {
  const CONF = "cdktf.out/stacks/test/bootstrap-admin/Keycloak/keycloak.conf";

  it("reaches the container in a file that only Keycloak's group reads", () => {
    const container = only(serverJson().json, "docker_container");
    expect(container.upload).toEqual([
      {
        source: "bootstrap-admin/Keycloak/keycloak.conf",
        file: "/opt/keycloak/conf/keycloak.conf",
        permissions: "0440",
      },
    ]);
    expect(container.env).toBeUndefined();
    expect(readFileSync(CONF, "utf8")).toBe("bootstrap-admin-username=admin\nbootstrap-admin-password=change_me\n");
  });

  it("has a file for each server, also for two of one id", () => {
    const stack = newStack();
    const servers = ["One", "Two"].map((scope, index) => {
      const props = { containerName: `kc-${index}`, port: 9000 + index };
      return new KeycloakServer(new Construct(stack, scope), "Keycloak", props);
    });
    for (const [index, server] of servers.entries()) new Realm(stack, `R${index}`, { server, realmName: "r" });
    const uploads = Object.values(synth(stack).resource.docker_container ?? {}).map(({ upload }) => upload[0].source);
    expect(uploads).toEqual(["One", "Two"].map((scope) => `bootstrap-admin/${scope}.Keycloak/keycloak.conf`));
  });

  it.each([0o022, 0o000])("has a file of mode 0600 under umask %o, even over a file of another mode", (umask) => {
    const before = process.umask(umask);
    try {
      writeProjectFile(CONF, "left by an earlier run");
      serverJson();
    } finally {
      process.umask(before);
    }
    expect(statSync(CONF).mode & 0o777).toBe(0o600);
  });

  it("comes from Terraform's variables, without a warning, and no other file has the password", () => {
    vi.stubEnv("TF_VAR_keycloak_admin_username", "root");
    vi.stubEnv("TF_VAR_keycloak_admin_password", "pa55-Wort!#=");
    const { stack } = serverJson();
    expect(readFileSync(CONF, "utf8")).toBe("bootstrap-admin-username=root\nbootstrap-admin-password=pa55-Wort!#=\n");
    const holders = filesBelow("cdktf.out").filter((file) => readFileSync(file, "utf8").includes("pa55-Wort"));
    expect(holders).toEqual([CONF]);
    expect(manifestOf(stack).annotations).toEqual([]);
  });

  it("comes from the provider's variables if Terraform's are not given", () => {
    vi.stubEnv("KEYCLOAK_USER", "root");
    vi.stubEnv("KEYCLOAK_PASSWORD", "pa55-Wort!#=");
    const { json } = serverJson();
    expect(readFileSync(CONF, "utf8")).toBe("bootstrap-admin-username=root\nbootstrap-admin-password=pa55-Wort!#=\n");
    expect(json.variable.keycloak_admin_password!.default).toBeNull(); // so that the provider reads its own
    expect(json.variable.keycloak_admin_username!.default).toBeNull();
  });

  it("prefers Terraform's variables, as Terraform does, and ignores an empty one of the provider", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", "");
    const { json } = serverJson();
    expect(json.variable.keycloak_admin_password!.default).toBe("change_me");
    vi.stubEnv("TF_VAR_keycloak_admin_password", "first");
    vi.stubEnv("KEYCLOAK_PASSWORD", "second");
    serverJson();
    expect(readFileSync(CONF, "utf8")).toContain("bootstrap-admin-password=first\n");
  });

  it("must be the same for Keycloak and Terraform, or the plan fails", () => {
    const stack = newStack();
    new KeycloakServer(stack, "Keycloak");
    const json = synth(stack);
    expect(Object.keys(json.variable).sort()).toEqual(["keycloak_admin_password", "keycloak_admin_username"]);
    const [username, password] = only(json, "docker_container").lifecycle.precondition;
    const conf = 'strcontains(file("bootstrap-admin/Keycloak/keycloak.conf"), ';
    expect(username.condition).toContain(`${conf}"bootstrap-admin-username=$`);
    expect(username.error_message).toContain("The administrator's username in TF_VAR_keycloak_admin_username did not");
    expect(username.error_message).toContain("Set KEYCLOAK_USER instead");
    expect(password.condition).toContain(`nonsensitive(${conf}"bootstrap-admin-password=$`);
    expect(password.error_message).toContain("Set KEYCLOAK_PASSWORD instead");
  });

  it.each(["", "two words", "back\\slash", "${env.HOME}", "line\nbreak", "käse"])(
    "fails on the password %j without repeating it",
    (password) => {
      vi.stubEnv("TF_VAR_keycloak_admin_password", password);
      const message = messageOf(() => new KeycloakServer(newStack(), "Keycloak"));
      expect(message).toBe(
        `[test/Keycloak] TF_VAR_keycloak_admin_password must be printable ASCII without spaces, backslash and dollar sign, which keycloak.conf reads differently, got: a value of ${password.length} characters`,
      );
    },
  );

  it("fails on such a user name too", () => {
    vi.stubEnv("TF_VAR_keycloak_admin_username", "a b");
    expect(() => new KeycloakServer(newStack(), "Keycloak")).toThrow(
      "[test/Keycloak] TF_VAR_keycloak_admin_username must be printable ASCII",
    );
  });
});
