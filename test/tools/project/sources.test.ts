import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as constructs from "../../../constructs/contract/sources";
import {
  EMBEDDED_PROVIDER,
  REGISTRY_PROVIDER,
  recordedSources,
  recordSources,
  type Sources,
} from "../../../tools/project/sources";
import { projectIn, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const project = () => projectIn(folder.path);

const EMBEDDED: Sources = {
  keycloakProvider: EMBEDDED_PROVIDER,
  dockerProvider: "built",
  why: "a test",
  decidedAt: "2026-01-01T00:00:00.000Z",
};

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
