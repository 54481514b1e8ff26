import { describe, expect, it } from "vitest";
import { cliConfig } from "../../tools/cli-config";

const MIRROR = { path: "/cache/embedded", include: "terraform.local/x/keycloak" };

describe("cliConfig", () => {
  it("takes the mirrors' providers from them, and all others from registries", () => {
    expect(cliConfig([MIRROR], "")).toBe(
      [
        "# Written by m2m for the providers that this machine made itself.",
        "provider_installation {",
        "  filesystem_mirror {",
        '    path    = "/cache/embedded"',
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

  it("leaves out no mirror", () => {
    const text = cliConfig(
      [MIRROR, { path: "/cache/docker", include: "registry.terraform.io/kreuzwerker/docker" }],
      "",
    );
    expect(text.match(/filesystem_mirror/g)).toHaveLength(2);
    expect(text).toContain('exclude = ["terraform.local/x/keycloak", "registry.terraform.io/kreuzwerker/docker"]');
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
});
