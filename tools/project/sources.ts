import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { printSources, type Sources, sourcesFile } from "../../constructs/contract/sources";
import { writeAtomically } from "../atomic-file";
import type { Project } from "./project";

/** Records what a project has settled on, for the constructs and the next commands. */
export async function recordSources(project: Project, sources: Sources): Promise<void> {
  const file = sourcesFile(project.folder);
  mkdirSync(dirname(file), { recursive: true });
  await writeAtomically(file, printSources(sources));
}
