import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cliConfig } from "../../../tools/engines/cli-config";
import { userCliText } from "../../../tools/engines/user-cli";
import { temporaryFolder } from "../parts";

const folder = temporaryFolder();
beforeEach(() => {
  vi.stubEnv("HOME", folder.path);
  vi.stubEnv("XDG_DATA_HOME", undefined);
  vi.stubEnv("XDG_DATA_DIRS", join(folder.path, "share"));
  vi.stubEnv("TF_CLI_CONFIG_FILE", undefined);
});
afterEach(() => void vi.unstubAllEnvs());

const MIRROR = { path: "/cache/embedded", include: "terraform.local/x/keycloak" };

describe("cliConfig", () => {
  it("takes the mirrors' providers from them, and all others from registries", () => {
    expect(cliConfig([MIRROR], "")).toBe(
      [
        "# Written by m2m for the providers that this machine made itself.",
        `# Your own configuration: ${folder.path}/.terraformrc`,
        "provider_installation {",
        "  filesystem_mirror {",
        '    path = "/cache/embedded"',
        '    include = ["terraform.local/x/keycloak"]',
        "  }",
        "  direct {",
        '    exclude = ["terraform.local/x/keycloak"]',
        "  }",
        "}",
        "",
        "",
        "",
      ].join("\n"),
    );
  });

  it("has all mirrors", () => {
    const text = cliConfig(
      [MIRROR, { path: "/cache/docker", include: "registry.terraform.io/kreuzwerker/docker" }],
      "",
    );
    expect(text.match(/filesystem_mirror/g)).toHaveLength(2);
    expect(text).toContain('exclude = ["terraform.local/x/keycloak","registry.terraform.io/kreuzwerker/docker"]');
  });

  it("keeps the user's own installation methods, after the mirrors and in one block", () => {
    const own = [
      'plugin_cache_dir = "/home/u/.cache"',
      "provider_installation {",
      "  network_mirror {",
      '    url = "https://mirror.example/"',
      "  }",
      "}",
      'credentials "app.example" {',
      '  token = "t"',
      "}",
    ].join("\n");
    const text = cliConfig([MIRROR], own);
    expect(text.match(/provider_installation/g)).toHaveLength(1);
    expect(text.indexOf("filesystem_mirror")).toBeLessThan(text.indexOf("network_mirror"));
    expect(text).toContain('url = "https://mirror.example/"');
    expect(text).not.toContain("direct {");
    const [block, after] = text.split(/^}$/m) as [string, string];
    expect(block).toContain("network_mirror");
    expect(after).toContain('plugin_cache_dir = "/home/u/.cache"');
    expect(text).toContain('credentials "app.example" {\n  token = "t"\n}');
  });

  it("names the folders that Terraform looks into by itself: a block of methods switches them off", () => {
    const plugins = join(folder.path, ".terraform.d", "plugins");
    mkdirSync(join(plugins, "registry.terraform.io", "keycloak", "keycloak"), { recursive: true });
    const text = cliConfig([MIRROR], "");
    expect(text).toContain(`  filesystem_mirror {\n    path = "${plugins}"\n  }`);
    expect(text).toContain('exclude = ["terraform.local/x/keycloak","registry.terraform.io/keycloak/keycloak"]');
    expect(cliConfig([MIRROR], "provider_installation {\n  direct {}\n}")).not.toContain(plugins);
  });
});

describe("the user's own CLI configuration", () => {
  it("is that of the named file, else of the one in the home folder, else empty", () => {
    expect(userCliText()).toBe("");
    writeFileSync(join(folder.path, ".terraformrc"), "# home");
    expect(userCliText()).toBe("# home");
    vi.stubEnv("TF_CLI_CONFIG_FILE", join(folder.path, "own.tfrc"));
    expect(userCliText()).toBe(""); // Terraform does not fall back either
    writeFileSync(join(folder.path, "own.tfrc"), "# own");
    expect(userCliText()).toBe("# own");
  });

  it.each(["home", "named"])("is found again where a shell has what `m2m env` exports (%s)", (kind) => {
    const own = join(folder.path, kind === "home" ? ".terraformrc" : "own.tfrc");
    writeFileSync(own, "# own");
    if (kind === "named") vi.stubEnv("TF_CLI_CONFIG_FILE", own);
    const text = cliConfig([MIRROR], userCliText());
    const ours = join(folder.path, "ours.tfrc");
    writeFileSync(ours, text);
    vi.stubEnv("TF_CLI_CONFIG_FILE", ours);
    expect(userCliText()).toBe("# own");
    expect(cliConfig([MIRROR], userCliText())).toBe(text);
  });
});
