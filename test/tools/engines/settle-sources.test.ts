import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  DOCKER,
  EMBEDDED_KEYCLOAK,
  OFFICIAL_KEYCLOAK,
  readSources,
  type Sources,
} from "../../../constructs/contract/sources";
import { cliConfig } from "../../../tools/engines/cli-config";
import { isOutdated, renewMachineImage, settleSources } from "../../../tools/engines/settle-sources";
import { recordSources } from "../../../tools/project/sources";
import { fakeProgram, projectIn, recordOutput, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const project = () => projectIn(folder.path);

const EMBEDDED: Sources = {
  keycloakProvider: EMBEDDED_KEYCLOAK.source,
  dockerProvider: "built",
  why: "a test",
  decidedAt: "2026-01-01T00:00:00.000Z",
};

let asked: string[];

/** Registries that answer or do not; no Docker, and no CLI configuration of the user. */
function registries(answers: Record<string, number>): void {
  vi.stubGlobal("fetch", async (url: string) => {
    asked.push(url);
    const status = answers[new URL(url).host];
    if (status === undefined) throw new TypeError("fetch failed");
    return new Response(null, { status });
  });
}

beforeEach(() => {
  asked = [];
  vi.stubEnv("PATH", "/nonexistent");
  vi.stubEnv("HOME", folder.path);
  vi.stubEnv("TF_CLI_CONFIG_FILE", undefined);
  vi.stubEnv("M2M_KEYCLOAK_VERSION", undefined);
  vi.stubEnv("XDG_DATA_HOME", undefined);
  vi.stubEnv("XDG_DATA_DIRS", join(folder.path, "share"));
  for (const name of ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"]) vi.stubEnv(name, undefined);
  registries({});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe("settleSources", () => {
  it("keeps to the record, without asking anybody", async () => {
    await recordSources(project(), EMBEDDED);
    registries({ "registry.terraform.io": 200, "quay.io": 200 });
    expect(await settleSources(project(), [])).toEqual(EMBEDDED);
    expect(await settleSources(project(), [EMBEDDED_KEYCLOAK.source])).toEqual(EMBEDDED);
    expect(asked).toEqual([]);
  });

  it("takes the registries where they answer, and records that", async () => {
    registries({ "registry.terraform.io": 200, "quay.io": 401 });
    const settled = await settleSources(project(), []);
    expect(settled).toMatchObject({ keycloakProvider: OFFICIAL_KEYCLOAK.source, dockerProvider: "registry" });
    expect(settled.keycloakImage).toBeUndefined();
    expect(readSources(folder.path)).toEqual(settled);
  });

  it.each<Record<string, number>>([{}, { "registry.terraform.io": 503, "quay.io": 502 }])(
    "does without where they answer %j",
    async (answers) => {
      registries(answers);
      expect(await settleSources(project(), [])).toMatchObject({
        keycloakProvider: EMBEDDED_KEYCLOAK.source,
        dockerProvider: "built",
        keycloakImage: expect.any(String),
        machineImage: expect.any(String),
        why: "Terraform registry not reached within 3 s, image registry not reached within 3 s",
      });
    },
  );

  it("follows the state over what can be reached", async () => {
    registries({ "registry.terraform.io": 200, "quay.io": 200 });
    const settled = await settleSources(project(), [EMBEDDED_KEYCLOAK.source]);
    expect(settled.keycloakProvider).toBe(EMBEDDED_KEYCLOAK.source);
    expect(settled.why).toContain(`the state was written by ${EMBEDDED_KEYCLOAK.source}`);
  });

  it("follows the state over a record that says otherwise", async () => {
    await recordSources(project(), EMBEDDED);
    expect((await settleSources(project(), [OFFICIAL_KEYCLOAK.source])).keycloakProvider).toBe(
      OFFICIAL_KEYCLOAK.source,
    );
    expect(readSources(folder.path)).toMatchObject({
      ...EMBEDDED,
      keycloakProvider: OFFICIAL_KEYCLOAK.source,
      why: expect.stringContaining("the state was written by"),
    });
    expect(asked).toEqual([]); // everything else stays as it was recorded
  });

  it("takes a mirror of the user's own configuration for the registry", async () => {
    const mirror = join(folder.path, "mirror");
    mkdirSync(join(mirror, OFFICIAL_KEYCLOAK.source), { recursive: true });
    const config = `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`;
    writeFileSync(join(folder.path, ".terraformrc"), config);
    expect(await settleSources(project(), [])).toMatchObject({
      keycloakProvider: OFFICIAL_KEYCLOAK.source,
      dockerProvider: "built", // not in that mirror
      why: expect.stringContaining("Terraform registry mirrored"),
    });
  });
});

describe("a network mirror", () => {
  it("counts as the registry where it lists the provider", async () => {
    registries({ "mirror.example": 200 });
    writeFileSync(
      join(folder.path, ".terraformrc"),
      'provider_installation {\n  network_mirror {\n    url = "https://mirror.example/tf"\n  }\n}\n',
    );
    expect((await settleSources(project(), [])).keycloakProvider).toBe(OFFICIAL_KEYCLOAK.source);
    expect(asked).toContain(`https://mirror.example/tf/${OFFICIAL_KEYCLOAK.source}/index.json`);
  });
});

describe("a mirror that Terraform looks into by itself", () => {
  it("counts as the registry where it holds the provider", async () => {
    mkdirSync(join(folder.path, ".terraform.d", "plugins", OFFICIAL_KEYCLOAK.source), { recursive: true });
    expect((await settleSources(project(), [])).keycloakProvider).toBe(OFFICIAL_KEYCLOAK.source);
  });
});

describe("a configuration that m2m wrote, exported to the shell", () => {
  it("is not read as the user's mirror: the next project is settled like the first", async () => {
    const mirror = join(folder.path, "mirror");
    mkdirSync(join(mirror, DOCKER.source), { recursive: true });
    const text = cliConfig([{ path: mirror, include: DOCKER.source }], "");
    writeFileSync(join(folder.path, "ours.tfrc"), text);
    vi.stubEnv("TF_CLI_CONFIG_FILE", join(folder.path, "ours.tfrc"));
    expect((await settleSources(project(), [])).dockerProvider).toBe("built");
  });
});

describe("with a proxy", () => {
  let proxy: Server;
  afterEach(() => proxy.close());

  it("the registries are asked through it", async () => {
    const connected: string[] = [];
    proxy = createServer().on("connect", ({ url }, socket) => {
      connected.push(url!);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    vi.unstubAllGlobals();
    vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    vi.stubEnv("https_proxy", undefined);
    vi.stubEnv("NO_PROXY", undefined);
    vi.stubEnv("no_proxy", undefined);
    expect((await settleSources(project(), [])).keycloakProvider).toBe(EMBEDDED_KEYCLOAK.source);
    expect(connected.sort()).toEqual(["quay.io:443", "registry.terraform.io:443"]);
    expect(asked).toEqual([]);
  });
});

describe("the recorded image for machines", () => {
  const NOW = "cdktf-keycloak-m2m/node:26";
  const recordWith = (image: string): Sources => ({ ...EMBEDDED, machineImage: image });

  /** A Docker that has these images. */
  function images(...names: string[]): void {
    fakeProgram(folder.path, "docker", `echo '${JSON.stringify(names)}'`);
    vi.stubEnv("PATH", `${folder.path}:/usr/bin:/bin`);
  }

  it("of an older Node.js is kept while it is there", async () => {
    images("cdktf-keycloak-m2m/node:1");
    const out = recordOutput();
    const sources = recordWith("cdktf-keycloak-m2m/node:1");
    expect(await renewMachineImage(project(), sources, out)).toBe(sources);
    expect(out.warned).toEqual([]);
  });

  it("of an older Node.js is replaced by the present one if it is gone, with a notice", async () => {
    images();
    const out = recordOutput();
    const renewed = await renewMachineImage(project(), recordWith("cdktf-keycloak-m2m/node:1"), out);
    expect(renewed).toEqual(recordWith(NOW));
    expect(readSources(folder.path)).toEqual(recordWith(NOW));
    expect(out.warned.join()).toContain(`the image for machines is ${NOW} now: cdktf-keycloak-m2m/node:1 is gone`);
  });

  it("of the present Node.js, or of another name, stays as it is", async () => {
    images();
    for (const image of [NOW, "registry.example/node:1"]) {
      expect(await renewMachineImage(project(), recordWith(image), recordOutput())).toEqual(recordWith(image));
    }
    expect(isOutdated(recordWith(NOW), NOW)).toBe(false);
    expect(isOutdated(recordWith("cdktf-keycloak-m2m/node:1"), "cdktf-keycloak-m2m/node:1")).toBe(true);
  });
});
