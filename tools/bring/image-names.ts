import { isLocalImage, localImage } from "../../constructs/contract/docker-names";
import { KEYCLOAK_RELEASE, MACHINE_NODE } from "../../constructs/contract/sources";
import { run } from "./run";

export function keycloakImage(version: string = KEYCLOAK_RELEASE): string {
  return localImage("keycloak", version);
}

export function machineImage(): string {
  return localImage("node", MACHINE_NODE);
}

/** Is it one made here, of whatever version? */
export function isMachineImage(image: string): boolean {
  return isLocalImage("node", image);
}

/** Which of these images the engine has; one short question. */
export async function presentImages(images: readonly string[]): Promise<Set<string>> {
  const answer = await run("docker", ["image", "inspect", "--format", "{{json .RepoTags}}", ...images], {
    timeoutMs: 10_000,
  });
  const tags = answer.stdout
    .split("\n")
    .filter((line) => line.startsWith("["))
    .flatMap((line) => JSON.parse(line) as string[]);
  return new Set(images.filter((image) => tags.includes(image)));
}
