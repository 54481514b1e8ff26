import { existsSync } from "node:fs";
import { readSources, type Sources } from "../../constructs/contract/sources";
import { cacheFolder } from "../bring/cache";
import { findDockerEngine } from "../bring/docker-engine";
import { dockerProviderFile } from "../bring/docker-provider";
import { machineImage, presentImages } from "../bring/image-names";
import { findTerraform } from "../bring/terraform";
import { findProgram } from "../bring/this-machine";
import { command } from "../cli/command";
import { usesDocker } from "../engines/docker";
import { isOutdated } from "../engines/settle-sources";
import type { Output } from "../output";
import { openProject, type Project, readStacks } from "../project/project";

export const doctorCommand = command({
  name: "doctor",
  help: "each prerequisite: found, or how to get it",
  run: ({ out }) => doctor(out),
});

/** Prints each prerequisite: found, or how to get it. Gives the exit code: 1 if something is missing that all commands need. */
async function doctor(out: Output): Promise<number> {
  const list = await prerequisites(openProject());
  const width = Math.max(...list.map(({ name }) => name.length));
  const text = list.map(({ name, found, detail, howToGet, optional }) => {
    const line = `${found ? "ok      " : optional ? "optional" : "missing "}  ${name.padEnd(width)}  ${detail}`;
    return found
      ? line
      : `${line}\n         ${" ".repeat(width)}  ${howToGet.replaceAll("\n", `\n          ${" ".repeat(width)}  `)}`;
  });
  out.result(text.join("\n"), list);
  return list.every(({ found, optional }) => found || optional) ? 0 : 1;
}

interface Prerequisite {
  readonly name: string;
  readonly found: boolean;
  readonly detail: string;
  readonly howToGet: string;
  /** Only some commands need it. */
  readonly optional?: boolean;
}

/** What is there and what is not. */
async function prerequisites(project: Project): Promise<Prerequisite[]> {
  const cache = cacheFolder();
  const optional = isWithoutDocker(project);
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
      optional,
    },
    ...["bash", "openssl", "curl", "jq"].map((program) => ({
      name: program,
      found: findProgram(program) !== undefined,
      detail: findProgram(program) ?? "for `m2m call --bash` only",
      howToGet: `install ${program} with your system's package manager`,
      optional: true,
    })),
  ];
  const sources = readSources(project.folder);
  if (!sources)
    return [...list, { name: "sources", found: true, detail: "not settled yet; `m2m up` settles them", howToGet: "" }];
  return [...list, ...(await sourcesOf(sources, cache, optional))];
}

/** Before the first synthesis nobody knows. */
function isWithoutDocker(project: Project): boolean {
  const stacks = readStacks(project);
  return stacks.length > 0 && !stacks.some(usesDocker);
}

async function sourcesOf(sources: Sources, cache: string, optional: boolean): Promise<Prerequisite[]> {
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
      optional,
    },
    ...images.map((image) => ({
      name: "image",
      found: present.has(image),
      detail: image,
      howToGet: isOutdated(sources, image) ? `\`m2m up\` makes ${machineImage()} in its place` : "`m2m up` makes it",
      optional,
    })),
  ];
}
