import { expect, it } from "vitest";
import { EMBEDDED_KEYCLOAK, readSources, type Sources } from "../../../constructs/contract/sources";
import { recordSources } from "../../../tools/project/sources";
import { projectIn, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const project = () => projectIn(folder.path);

const EMBEDDED: Sources = {
  keycloakProvider: EMBEDDED_KEYCLOAK.source,
  dockerProvider: "built",
  why: "a test",
  decidedAt: "2026-01-01T00:00:00.000Z",
};

it("is written where the constructs read it", async () => {
  expect(readSources(folder.path)).toBeUndefined();
  await recordSources(project(), EMBEDDED);
  expect(readSources(folder.path)).toEqual(EMBEDDED);
});
