import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import type { TestProject } from "vitest/node";
import { printSources } from "../../constructs/contract/sources";
import { withLock } from "../../tools/lock";
import { docker, ENVIRONMENTS, m2m, makeProject, type Result, SHARED, SOURCES_VARIABLE, takeDown } from "./environment";
import { removeLeftovers } from "./leftovers";
import { ROOT } from "./project";
import { quickStartSources } from "./quick-start";

declare module "vitest" {
  export interface ProvidedContext {
    /** The shared environment's project folder. */
    folder: string;
    /** How its first `up`, from nothing, ended. */
    firstUp: Result;
  }
}

/** One environment for all files that leave it as they found it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const letOthers = await alone();
  const hadSwarm = await isInSwarm();
  await removeLeftovers(ENVIRONMENTS);
  await execa(join(ROOT, "m2m"), ["--version"]); // builds `dist`, which the tests start, if a source is newer
  const folder = makeProject(SHARED);
  const firstUp = await m2m(folder, ["up"]);
  if (firstUp.exitCode !== 0) {
    await takeDown(folder, SHARED);
    throw new Error(`the shared environment does not come up, and nearly every test needs it:\n${firstUp.stderr}`);
  }
  // Workers start after this, and inherit it.
  process.env[SOURCES_VARIABLE] = printSources(await quickStartSources(folder));
  project.provide("folder", folder);
  project.provide("firstUp", firstUp);
  return async () => {
    await takeDown(folder, SHARED);
    // Not before: Docker then forgets the names of all containers that run, whatever network they are in.
    if (!hadSwarm && (await isInSwarm())) await docker("swarm", "leave", "--force");
    letOthers();
  };
}

async function isInSwarm(): Promise<boolean> {
  return (await docker("info", "--format", "{{.Swarm.LocalNodeState}}")) !== "inactive";
}

/** Two runs on one machine would have the same names and ports: the second ends at once. */
async function alone(): Promise<() => void> {
  return await new Promise((begin, fail) => {
    const untilOver = () => new Promise<void>((over) => begin(over));
    withLock(join(tmpdir(), "m2m-e2e"), "end-to-end-tests", { say: console.error, waitMs: 10_000 }, untilOver).catch(
      fail,
    );
  });
}
