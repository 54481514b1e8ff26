import { EMBEDDED_KEYCLOAK, readSources, type Sources } from "../constructs/contract/sources";
import { cacheFolder } from "./bring/cache";
import { bringDockerEngine } from "./bring/docker-engine";
import { bringDockerProvider } from "./bring/docker-provider";
import { bringImages } from "./bring/images";
import { settleAll } from "./bring/settle-all";
import { findTerraform } from "./bring/terraform";
import { writeCliConfig } from "./engines/cli-config";
import { renewMachineImage, settleSources } from "./engines/settle-sources";
import { Terraform } from "./engines/terraform";
import type { Output } from "./output";
import { openProject, type Project, type Stack } from "./project/project";
import { keycloakProviderAddresses, localStates } from "./project/state";

/** What every command works with: the project, and the environment that programs are started with. */
export interface Session extends Brought {
  readonly project: Project;
  readonly out: Output;
  /** Aborted by Ctrl-C. */
  readonly interruption: AbortSignal;
}

interface Brought {
  readonly env: Record<string, string>;
  readonly terraformBinary: string;
}

/** What a command needs beside Terraform and the Keycloak provider. */
export interface Needs {
  /** The Docker engine, and Terraform's provider for it. */
  readonly docker: boolean;
  /** The images that containers are made of. */
  readonly images: boolean;
}

/** Opens the project and brings what the machine lacks. */
export async function openSession(
  out: Output,
  interruption: AbortSignal,
  needs: Needs = { docker: true, images: true },
): Promise<Session> {
  const project = openProject();
  return { project, out, interruption, ...(await bring(project, out, needs)) };
}

export function terraform({ terraformBinary, env, out }: Session, stack: Stack): Terraform {
  return new Terraform(terraformBinary, stack, env, out);
}

/** Brings what this machine lacks for a project, in parallel where nothing waits for another. */
async function bring(project: Project, out: Output, needs: Needs): Promise<Brought> {
  const cache = cacheFolder();
  const [{ binary }, engine] = await settleAll([
    findTerraform(),
    needs.docker ? bringDockerEngine(cache, out) : undefined,
  ]);
  const sources = await settle(project, out, needs);
  const { keycloakImage, machineImage, dockerProvider } = sources;
  await settleAll([
    needs.images && keycloakImage !== undefined ? bringImages(cache, keycloakImage, machineImage, out) : undefined,
    needs.docker && dockerProvider === "built" ? bringDockerProvider(cache, out) : undefined,
  ]);
  return {
    terraformBinary: binary,
    env: { ...(await writeCliConfig(cache, sources)), ...(engine?.host && { DOCKER_HOST: engine.host }) },
  };
}

/** Settles where things come from, and tells if another Keycloak provider is used than before, or the embedded one. */
async function settle(project: Project, out: Output, needs: Needs): Promise<Sources> {
  const recorded = readSources(project.folder);
  const settled = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  const sources = needs.images ? await renewMachineImage(project, settled, out) : settled;
  if (recorded && recorded.keycloakProvider !== sources.keycloakProvider) {
    out.warn(`the Keycloak provider is ${sources.keycloakProvider} now: ${sources.why}`);
  }
  if (!recorded && sources.keycloakProvider === EMBEDDED_KEYCLOAK.source) {
    out.warn(`the provider keycloak/keycloak cannot be reached (${sources.why}); using the embedded Keycloak provider`);
  }
  return sources;
}
