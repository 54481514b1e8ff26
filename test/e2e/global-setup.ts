import type { TestProject } from "vitest/node";
import { printSources } from "../../constructs/contract/sources";
import { m2m, makeProject, type Result, SHARED, SOURCES_VARIABLE, takeDown } from "./environment";
import { prepareMachine } from "./machine";
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
  const leave = await prepareMachine();
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
    await leave();
  };
}
