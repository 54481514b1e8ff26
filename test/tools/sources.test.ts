import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import * as constructs from "../../constructs/sources";
import {
  EMBEDDED_PROVIDER,
  REGISTRY_PROVIDER,
  recordedSources,
  recordSources,
  type Sources,
  settleSources,
  userCliText,
} from "../../tools/sources";
import { projectIn, temporaryFolder } from "./parts";

const folder = temporaryFolder();
const project = () => projectIn(folder.path);

const EMBEDDED: Sources = {
  keycloakProvider: EMBEDDED_PROVIDER,
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
  registries({});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

it("the constructs and the program mean the same addresses", () => {
  expect(REGISTRY_PROVIDER).toBe(constructs.OFFICIAL_KEYCLOAK.source);
  expect(EMBEDDED_PROVIDER).toBe(constructs.EMBEDDED_KEYCLOAK.source);
});

describe("the record", () => {
  it("is read back as it was written", async () => {
    expect(recordedSources(project())).toBeUndefined();
    await recordSources(project(), EMBEDDED);
    expect(recordedSources(project())).toEqual(EMBEDDED);
  });

  it("fails where it is not JSON, and says which file", () => {
    mkdirSync(join(folder.path, ".m2m"));
    writeFileSync(join(folder.path, ".m2m", "sources.json"), "{");
    expect(() => recordedSources(project())).toThrow(
      expect.objectContaining({
        code: "record-invalid",
        message: `${join(folder.path, ".m2m", "sources.json")} must be JSON as m2m writes it; remove it and run \`m2m up\``,
      }),
    );
  });
});

describe("settleSources", () => {
  it("keeps to the record, without asking anybody", async () => {
    await recordSources(project(), EMBEDDED);
    registries({ "registry.terraform.io": 200, "quay.io": 200 });
    expect(await settleSources(project(), [])).toEqual(EMBEDDED);
    expect(await settleSources(project(), [EMBEDDED_PROVIDER])).toEqual(EMBEDDED);
    expect(asked).toEqual([]);
  });

  it("takes the registries where they answer, and records that", async () => {
    registries({ "registry.terraform.io": 200, "quay.io": 401 });
    const settled = await settleSources(project(), []);
    expect(settled).toMatchObject({ keycloakProvider: REGISTRY_PROVIDER, dockerProvider: "registry" });
    expect(settled.keycloakImage).toBeUndefined();
    expect(recordedSources(project())).toEqual(settled);
  });

  it.each<Record<string, number>>([{}, { "registry.terraform.io": 503, "quay.io": 502 }])(
    "does without where they answer %j",
    async (answers) => {
      registries(answers);
      expect(await settleSources(project(), [])).toMatchObject({
        keycloakProvider: EMBEDDED_PROVIDER,
        dockerProvider: "built",
        keycloakImage: expect.any(String),
        machineImage: expect.any(String),
        why: "Terraform registry not reached within 3 s, image registry not reached within 3 s",
      });
    },
  );

  it("follows the state over what can be reached", async () => {
    registries({ "registry.terraform.io": 200, "quay.io": 200 });
    const settled = await settleSources(project(), [EMBEDDED_PROVIDER]);
    expect(settled.keycloakProvider).toBe(EMBEDDED_PROVIDER);
    expect(settled.why).toContain(`the state was written by ${EMBEDDED_PROVIDER}`);
  });

  it("follows the state over a record that says otherwise", async () => {
    await recordSources(project(), EMBEDDED);
    expect((await settleSources(project(), [REGISTRY_PROVIDER])).keycloakProvider).toBe(REGISTRY_PROVIDER);
    expect(recordedSources(project())).toMatchObject({
      ...EMBEDDED,
      keycloakProvider: REGISTRY_PROVIDER,
      why: expect.stringContaining("the state was written by"),
    });
    expect(asked).toEqual([]); // everything else stays as it was recorded
  });

  it("takes a mirror of the user's own configuration for the registry", async () => {
    const mirror = join(folder.path, "mirror");
    mkdirSync(join(mirror, REGISTRY_PROVIDER), { recursive: true });
    const config = `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`;
    writeFileSync(join(folder.path, ".terraformrc"), config);
    expect(await settleSources(project(), [])).toMatchObject({
      keycloakProvider: REGISTRY_PROVIDER,
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
    expect((await settleSources(project(), [])).keycloakProvider).toBe(REGISTRY_PROVIDER);
    expect(asked).toContain(`https://mirror.example/tf/${REGISTRY_PROVIDER}/index.json`);
  });
});

describe("userCliText", () => {
  it("is that of the named file, else of the one in the home folder, else empty", () => {
    expect(userCliText()).toBe("");
    writeFileSync(join(folder.path, ".terraformrc"), "# home");
    expect(userCliText()).toBe("# home");
    vi.stubEnv("TF_CLI_CONFIG_FILE", join(folder.path, "own.tfrc"));
    expect(userCliText()).toBe(""); // Terraform does not fall back either
    writeFileSync(join(folder.path, "own.tfrc"), "# own");
    expect(userCliText()).toBe("# own");
  });
});
