import { existsSync } from "node:fs";
import { cacheFolder } from "./bring/cache";
import { installPackages } from "./bring/debian";
import { bringDockerEngine, findDockerEngine } from "./bring/docker-engine";
import { bringDockerProvider, dockerProviderFile } from "./bring/docker-provider";
import { bringImages, machineImage, presentImages, settleAll } from "./bring/images";
import { findProgram } from "./bring/run";
import { findTerraform } from "./bring/terraform";
import { writeCliConfig } from "./engines/cli-config";
import type { Output } from "./output";
import type { Project } from "./project/project";
import {
  EMBEDDED_PROVIDER,
  isOutdated,
  recordedSources,
  renewMachineImage,
  type Sources,
  settleSources,
} from "./project/sources";
import { keycloakProviderAddresses, localStates } from "./project/state";

export interface BroughtEnvironment {
  readonly env: Record<string, string>;
  readonly terraformBinary: string;
}

/** What a command works with, beside Terraform and the Keycloak provider. */
export interface Needs {
  /** The Docker engine, and Terraform's provider for it. */
  readonly docker: boolean;
  /** The images that containers are made of. */
  readonly images: boolean;
}

/** Brings what this machine lacks for a project, in parallel where nothing waits for another. */
export async function bringEnvironment(project: Project, out: Output, needs: Needs): Promise<BroughtEnvironment> {
  const cache = cacheFolder();
  const context = bringContext(out);
  const [terraform, engine] = await settleAll([
    findTerraform(),
    needs.docker ? bringDockerEngine(cache, context) : undefined,
  ]);
  const recorded = recordedSources(project);
  const settled = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  const sources = needs.images ? await renewMachineImage(project, settled, out) : settled;
  if (recorded && recorded.keycloakProvider !== sources.keycloakProvider) {
    out.warn(`the Keycloak provider is ${sources.keycloakProvider} now: ${sources.why}`);
  }
  if (!recorded && sources.keycloakProvider === EMBEDDED_PROVIDER) {
    out.warn(`keycloak/keycloak cannot be had here (${sources.why}): using the embedded Keycloak provider`);
  }
  await settleAll([
    needs.images && sources.keycloakImage !== undefined
      ? bringImages(cache, sources.keycloakImage, sources.machineImage, context)
      : undefined,
    needs.docker && sources.dockerProvider === "built" ? bringDockerProvider(cache, context) : undefined,
  ]);
  return {
    terraformBinary: terraform.binary,
    env: { ...(await writeCliConfig(cache, sources)), ...(engine?.host && { DOCKER_HOST: engine.host }) },
  };
}

/** The variables that make a bare `npx cdktf` work as this program does; settles the sources if nothing has yet. */
export async function environmentFor(project: Project): Promise<Record<string, string>> {
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  const [{ engine }, terraform] = await Promise.all([findDockerEngine(), findTerraform().catch(() => undefined)]);
  return {
    ...(await writeCliConfig(cacheFolder(), sources)),
    ...(engine?.host && { DOCKER_HOST: engine.host }),
    // The cdktf CLI knows no other name by itself.
    ...(terraform && terraform.binary !== "terraform" && { TERRAFORM_BINARY_NAME: terraform.binary }),
  };
}

export interface Prerequisite {
  readonly name: string;
  readonly found: boolean;
  readonly detail: string;
  readonly howToGet: string;
  /** Something works without it. */
  readonly optional?: boolean;
}

/** What is there and what is not. */
export async function prerequisites(project: Project): Promise<Prerequisite[]> {
  const cache = cacheFolder();
  const [terraform, docker] = await Promise.all([
    findTerraform().then(
      ({ version, binary }) => ({ found: true, detail: `${binary} ${version}` }),
      (error: Error) => ({ found: false, detail: error.message }),
    ),
    findDockerEngine(),
  ]);
  const list: Prerequisite[] = [
    { name: "Node.js", found: true, detail: process.version, howToGet: "" },
    {
      name: "Terraform",
      ...terraform,
      howToGet: "https://developer.hashicorp.com/terraform/install, or OpenTofu and TERRAFORM_BINARY_NAME=tofu",
    },
    {
      name: "Docker",
      found: docker.engine !== undefined,
      detail: docker.detail,
      howToGet: "https://docs.docker.com/engine/install/; on Debian, as root, `m2m up` installs and starts it",
    },
    ...["bash", "openssl", "curl", "jq"].map((program) => ({
      name: program,
      found: findProgram(program) !== undefined,
      detail: findProgram(program) ?? "for `m2m call --bash` only",
      howToGet: `install ${program} with your system's package manager`,
      optional: true,
    })),
  ];
  const sources = recordedSources(project);
  if (!sources)
    return [...list, { name: "sources", found: true, detail: "not settled yet: `m2m up` does", howToGet: "" }];
  return [...list, ...(await sourcesOf(sources, cache))];
}

async function sourcesOf(sources: Sources, cache: string): Promise<Prerequisite[]> {
  const images = [sources.keycloakImage, sources.machineImage].filter((image) => image !== undefined);
  const present = images.length > 0 ? await presentImages(images) : new Set<string>();
  const built = sources.dockerProvider === "built";
  return [
    { name: "sources", found: true, detail: `${sources.why}, settled ${sources.decidedAt}`, howToGet: "" },
    { name: "Keycloak provider", found: true, detail: sources.keycloakProvider, howToGet: "" },
    {
      name: "Docker provider",
      found: !built || existsSync(dockerProviderFile(cache)),
      detail: built ? `built on this machine, ${cache}` : "registry.terraform.io/kreuzwerker/docker",
      howToGet: "`m2m up` builds it",
    },
    ...images.map((image) => ({
      name: "image",
      found: present.has(image),
      detail: image,
      howToGet: isOutdated(sources, image)
        ? `\`m2m up\` makes ${machineImage()} in its place, of the Node.js that runs`
        : "`m2m up` makes it",
    })),
  ];
}

/** Programs that this project's own checks and tests start. */
export async function bringTestTools(out: Output): Promise<void> {
  const packages = ["shellcheck", "jq", "curl", "openssl"].filter((program) => findProgram(program) === undefined);
  if (packages.length > 0) await installPackages(packages, "The tests need more programs", bringContext(out));
}

function bringContext({ say, warn }: Output) {
  return { say, warn, allowSystemChanges: true };
}
