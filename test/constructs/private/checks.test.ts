import { existsSync } from "node:fs";
import { TerraformVariable } from "cdktf";
import { describe, expect, it } from "vitest";
import { KeycloakServer } from "../../../constructs";
import { inTemporaryProject, messageOf, newStack } from "../project";

inTemporaryProject();

describe("a server fails", () => {
  it.each(["", "k", "my keycloak", ".kc", "kc!", "käse", "a\nb"])("on the container name %j", (containerName) => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { containerName }))).toBe(
      `[test/Keycloak] \`containerName\` must be 2 or more letters, digits, dots, dashes or underscores, the first a letter or digit (Docker's rule), got: ${JSON.stringify(containerName)}`,
    );
  });

  it("on another mode", () => {
    expect(messageOf(() => new KeycloakServer(newStack(), "Keycloak", { mode: "prod" as "dev" }))).toBe(
      '[test/Keycloak] `mode` must be "optimized", "dev" or "production", got: "prod"',
    );
  });

  it.each(["", "two words", "x\nRUN true", "$BASE", "kc:1 AS y"])("on the image or version %j", (text) => {
    const problem = `must name an image, without white space, got: ${JSON.stringify(text)}; for example quay.io/`;
    expect(() => new KeycloakServer(newStack(), "Keycloak", { image: text })).toThrow(
      `[test/Keycloak] \`image\` ${problem}`,
    );
    const version = { version: text };
    if (text !== "") expect(() => new KeycloakServer(newStack(), "Keycloak", version)).toThrow("`version` must name");
    expect(existsSync("cdktf.out/stacks/test/keycloak-image")).toBe(false);
  });

  it.each(["registry.example:5000/own/keycloak:26.4-1_x", "[::1]:5000/kc@sha256:0123abcd", "localhost/KC"])(
    "not on the image %j",
    (image) => {
      expect(() => new KeycloakServer(newStack(), "Keycloak", { image })).not.toThrow();
    },
  );

  it("on what only Terraform knows, in words", () => {
    const stack = newStack();
    const name = new TerraformVariable(stack, "name", { type: "string" }).stringValue;
    const port = new TerraformVariable(stack, "port", { type: "number" }).numberValue;
    const later = "must be known at synthesis, got: a value that only Terraform will know (a token of cdktf); pass";
    const message = messageOf(
      () => new KeycloakServer(stack, "Keycloak", { containerName: `kc-${name}`, port, image: name }),
    );
    expect(message.split("\n")).toEqual([
      "[test/Keycloak] ",
      expect.stringContaining(`\`containerName\` ${later}`),
      expect.stringContaining(`\`port\` ${later}`),
      expect.stringContaining(`\`image\` ${later}`),
    ]);
    expect(() => KeycloakServer.fromUrl(stack, "Other", { url: name })).toThrow(`\`url\` ${later}`);
    expect(message).not.toMatch(/TfToken|\de\+/);
  });
});

describe("a server that exists fails", () => {
  it.each(["https://root:hunter2@sso.example/auth", "http://hunter2@", "root:hunter2@sso.example"])(
    "on the URL %j without repeating its password",
    (url) => {
      const message = messageOf(() => KeycloakServer.fromUrl(newStack(), "Keycloak", { url, issuerBase: "https://x" }));
      expect(message).toMatch(
        /^\[test\/Keycloak\] `url` must hold no user and no password, as it is part of the JSON, got: some before "@.*"; give them in KEYCLOAK_USER and KEYCLOAK_PASSWORD, or by a `provider` of your own$/,
      );
      expect(message).not.toContain("hunter2");
    },
  );

  it("not on an @ that names no user", () => {
    expect(KeycloakServer.fromUrl(newStack(), "Keycloak", { url: "https://sso.example/@team" }).url).toBe(
      "https://sso.example/@team",
    );
  });
});
