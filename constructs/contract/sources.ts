import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { projectFolder } from "./project-files";

/** Where the Keycloak provider comes from: its address and the versions that do. */
export interface ProviderSource {
  readonly source: string;
  readonly version: string;
}

/** Written by `m2m up` to `.m2m/sources.json`, beside `cdktf.json`. */
interface SourcesRecord {
  readonly keycloakProvider?: string;
  readonly keycloakImage?: string;
  readonly machineImage?: string;
}

/** Fully qualified, so that OpenTofu finds them too instead of asking its own registry. */
export const OFFICIAL_KEYCLOAK: ProviderSource = {
  source: "registry.terraform.io/keycloak/keycloak",
  version: "~> 5.9",
};
export const EMBEDDED_KEYCLOAK: ProviderSource = {
  source: "terraform.local/cdktf-keycloak-m2m/keycloak",
  version: ">= 0.1.0",
};
export const DOCKER: ProviderSource = {
  source: "registry.terraform.io/kreuzwerker/docker",
  version: ">= 4.6, < 5", // the first with `upload.owner`
};

/** The Keycloak provider this project has settled on; the official one where nothing says otherwise. */
export function keycloakProviderSource(): ProviderSource {
  return record().keycloakProvider === EMBEDDED_KEYCLOAK.source ? EMBEDDED_KEYCLOAK : OFFICIAL_KEYCLOAK;
}

/** The image to use where the construct names none. */
export function defaultImage(kind: "keycloakImage" | "machineImage", official: string): string {
  return record()[kind] ?? official;
}

function record(): SourcesRecord {
  const path = join(projectFolder(), ".m2m", "sources.json");
  if (!existsSync(path)) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8")) as SourcesRecord;
  } catch (cause) {
    throw new Error(`${path} must be JSON as \`m2m up\` writes it; remove it and run \`m2m up\` again`, { cause });
  }
}
