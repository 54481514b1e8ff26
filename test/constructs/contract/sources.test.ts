import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ContractError } from "../../../constructs/contract/errors";
import { projectFolder } from "../../../constructs/contract/project-files";
import {
  DOCKER,
  defaultKeycloakImage,
  defaultMachineImage,
  EMBEDDED_KEYCLOAK,
  KEYCLOAK_RELEASE,
  keycloakProviderSource,
  OFFICIAL_KEYCLOAK,
  officialKeycloakImage,
  readSources,
} from "../../../constructs/contract/sources";
import { inTemporaryProject, newRealm, newStack, synth, writeProjectFile } from "../project";

inTemporaryProject();

function settleOn(record: Record<string, string>): void {
  writeProjectFile(".m2m/sources.json", JSON.stringify(record));
}

const settled = () => readSources(projectFolder());

describe("the Keycloak provider", () => {
  it("is the registry's where nothing says otherwise", () => {
    expect(keycloakProviderSource(settled())).toEqual({
      source: "registry.terraform.io/keycloak/keycloak",
      version: "~> 5.9",
    });
  });

  it("is the embedded one where `up` settled on it, under an address of its own", () => {
    settleOn({ keycloakProvider: EMBEDDED_KEYCLOAK.source });
    const stack = newStack();
    newRealm(stack);
    expect(synth(stack).terraform.required_providers.keycloak).toEqual({
      source: "terraform.local/cdktf-keycloak-m2m/keycloak",
      version: ">= 0.1.0",
    });
  });

  it("stays the registry's where `up` settled on that", () => {
    settleOn({ keycloakProvider: OFFICIAL_KEYCLOAK.source });
    expect(keycloakProviderSource(settled())).toEqual(OFFICIAL_KEYCLOAK);
  });

  it("changes nothing else in the JSON", () => {
    const json = () => {
      const stack = newStack();
      newRealm(stack);
      const { terraform, ...rest } = synth(stack);
      return { rest, provider: terraform.required_providers.keycloak?.source };
    };
    const official = json();
    settleOn({ keycloakProvider: EMBEDDED_KEYCLOAK.source });
    const embedded = json();
    expect(embedded.rest).toEqual(official.rest);
    expect(embedded.provider).not.toBe(official.provider);
  });

  it("is read beside cdktf.json, wherever synthesis is started", () => {
    settleOn({ keycloakProvider: EMBEDDED_KEYCLOAK.source });
    mkdirSync("deep/down", { recursive: true });
    process.chdir("deep/down");
    expect(keycloakProviderSource(settled())).toEqual(EMBEDDED_KEYCLOAK);
  });
});

it("every source is fully qualified, as OpenTofu asks a registry of its own", () => {
  for (const { source } of [OFFICIAL_KEYCLOAK, EMBEDDED_KEYCLOAK, DOCKER]) {
    expect(source).toMatch(/^[a-z]+\.[a-z.]+\/[\w-]+\/[\w-]+$/);
  }
});

describe("the default image", () => {
  it("is the official one, or the recorded one of its kind", () => {
    expect(defaultKeycloakImage(settled())).toBe("quay.io/keycloak/keycloak:26.4");
    settleOn({ keycloakImage: "local/keycloak" });
    expect(defaultMachineImage(settled())).toBe("node:26-bookworm-slim");
    expect(defaultKeycloakImage(settled())).toBe("local/keycloak");
  });
});

it("the release for a local image is of the version of the official image", () => {
  expect(officialKeycloakImage(KEYCLOAK_RELEASE).startsWith(`${officialKeycloakImage()}.`)).toBe(true);
});

it("the record fails if it is not JSON, with a code and the file", () => {
  mkdirSync(".m2m");
  writeFileSync(".m2m/sources.json", "{");
  const file = join(realpathSync(process.cwd()), ".m2m", "sources.json");
  const message = `${file} must be JSON as \`m2m up\` writes it; remove it and run \`m2m up\` again`;
  expect(settled).toThrow(new ContractError("record-invalid", message));
});
