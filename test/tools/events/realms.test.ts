import { expect, it } from "vitest";
import { realmsToWatch, watchedRealms } from "../../../tools/events/realms";
import { projectIn, stackOf, temporaryFolder, writeManifest } from "../parts";

const folder = temporaryFolder();

it("a project without a realm has none to watch: what needs one says so, and drift goes on", () => {
  const project = projectIn(folder.path);
  writeManifest(project, [stackOf({ docker_container: {} }, folder.path)]);
  expect(watchedRealms(project)).toEqual([]);
  expect(() => realmsToWatch(project)).toThrow("no realm was synthesized here; run `m2m up` first");
});
