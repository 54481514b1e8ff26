import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../atomic-file";
import { ToolError } from "../output";
import type { Project } from "./project";

export const REGISTRY_PROVIDER = "registry.terraform.io/keycloak/keycloak";
export const EMBEDDED_PROVIDER = "terraform.local/cdktf-keycloak-m2m/keycloak";

/**
 * Where things come from: settled once, recorded in `.m2m/sources.json`, which the constructs read, and never changed
 * silently after.
 */
export interface Sources {
  readonly keycloakProvider: typeof REGISTRY_PROVIDER | typeof EMBEDDED_PROVIDER;
  readonly dockerProvider: "registry" | "built";
  /** Absent where the official images are used. */
  readonly keycloakImage?: string;
  readonly machineImage?: string;
  readonly why: string;
  readonly decidedAt: string;
}

export function recordedSources(project: Project): Sources | undefined {
  const file = recordFile(project);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Sources;
  } catch (cause) {
    throw new ToolError("record-invalid", `${file} must be JSON as m2m writes it; remove it and run \`m2m up\``, {
      cause,
    });
  }
}

/** The explicit switch: everything else stays as it is. */
export async function recordSources(project: Project, sources: Sources): Promise<void> {
  mkdirSync(join(project.folder, ".m2m"), { recursive: true });
  await writeAtomically(recordFile(project), `${JSON.stringify(sources, null, 2)}\n`);
}

function recordFile(project: Project): string {
  return join(project.folder, ".m2m", "sources.json");
}
