import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  DOCKER,
  EMBEDDED_KEYCLOAK,
  KEYCLOAK_RELEASE,
  MACHINE_NODE,
  OFFICIAL_KEYCLOAK,
  officialKeycloakImage,
  readSources,
  type Sources,
} from "../../constructs/contract/sources";
import { openConnections } from "../../machines/calling/connect-to";
import { isMachineImage, keycloakImage, machineImage, presentImages } from "../bring/image-names";
import type { Output } from "../output";
import type { Project } from "../project/project";
import { recordSources } from "../project/sources";
import { impliedMirrors, userCliText } from "./user-cli";

const REACH_MS = 3_000;

/**
 * Where things come from: as recorded, or else as far as can be reached. The state wins if it was written by the other
 * Keycloak provider. The decision is recorded.
 */
export async function settleSources(project: Project, stateProviders: readonly string[]): Promise<Sources> {
  const recorded = readSources(project.folder);
  const inState = stateProviders.find(
    (address) => address === OFFICIAL_KEYCLOAK.source || address === EMBEDDED_KEYCLOAK.source,
  );
  if (recorded && (inState === undefined || inState === recorded.keycloakProvider)) return recorded;
  const settled = recorded ?? (await reach());
  const sources = inState ? follow(settled, inState as Sources["keycloakProvider"]) : settled;
  await recordSources(project, sources);
  return sources;
}

/** Is this the recorded image for machines, of another line of Node.js than they run now? */
export function isOutdated({ machineImage: recorded }: Sources, image: string | undefined): boolean {
  return image !== undefined && image === recorded && image !== machineImage() && isMachineImage(image);
}

/**
 * A record may name an image of a former line of Node.js, which stays in use while it is there. If it is gone, an image of the
 * line that machines run now is made and recorded instead, and a line says so.
 */
export async function renewMachineImage(project: Project, sources: Sources, out: Output): Promise<Sources> {
  const { machineImage: recorded } = sources;
  if (!isOutdated(sources, recorded) || (await presentImages([recorded!])).size > 0) return sources;
  const renewed = { ...sources, machineImage: machineImage() };
  out.warn(
    `the image for machines is ${machineImage()} now: ${recorded} is gone, and machines run Node.js ${MACHINE_NODE}`,
  );
  await recordSources(project, renewed);
  return renewed;
}

function follow(sources: Sources, keycloakProvider: Sources["keycloakProvider"]): Sources {
  return { ...sources, keycloakProvider, why: `the state was written by ${keycloakProvider}; ${sources.why}` };
}

/** Asks both registries at once, for three seconds. An official image that is here already counts as reached. */
async function reach(): Promise<Sources> {
  const [terraformRegistry, imageRegistry, present] = await Promise.all([
    answers("https://registry.terraform.io/.well-known/terraform.json"),
    answers("https://quay.io/v2/"),
    presentImages([officialKeycloakImage()]),
  ]);
  const mirrored = !terraformRegistry && (await isMirrored(OFFICIAL_KEYCLOAK.source));
  const official = imageRegistry || present.size > 0;
  const version = process.env.M2M_KEYCLOAK_VERSION ?? KEYCLOAK_RELEASE;
  return {
    keycloakProvider: terraformRegistry || mirrored ? OFFICIAL_KEYCLOAK.source : EMBEDDED_KEYCLOAK.source,
    dockerProvider: terraformRegistry || (await isMirrored(DOCKER.source)) ? "registry" : "built",
    ...(!official && { keycloakImage: keycloakImage(version), machineImage: machineImage() }),
    why: [
      `Terraform registry ${terraformRegistry ? "reached" : mirrored ? "mirrored" : `not reached within ${REACH_MS / 1000} s`}`,
      `image registry ${imageRegistry ? "reached" : official ? "not reached, official image present" : `not reached within ${REACH_MS / 1000} s`}`,
    ].join(", "),
    decidedAt: new Date().toISOString(),
  };
}

/** Does a server answer with a status below this one? It is asked by the proxies and CAs of the environment, as by Terraform. */
export async function answers(url: string, below = 500): Promise<boolean> {
  const connections = openConnections("", { timeoutMs: REACH_MS });
  try {
    // A registry that asks for credentials is there as well.
    const { status } = await connections.fetch(url, { method: "HEAD" });
    return status < below;
  } catch {
    return false;
  } finally {
    void connections.close().catch(() => undefined);
  }
}

/** Does a mirror hold a provider: one that the user configured, or a folder that Terraform looks into by itself? */
async function isMirrored(address: string): Promise<boolean> {
  const text = userCliText();
  const paths = [...text.matchAll(/filesystem_mirror\s*\{[^}]*?path\s*=\s*"([^"]+)"/g)].map(([, path]) => path!);
  if ([...paths, ...impliedMirrors(text)].some((path) => existsSync(join(path, address)))) return true;
  const urls = [...text.matchAll(/network_mirror\s*\{[^}]*?url\s*=\s*"([^"]+)"/g)];
  // The list of versions, by Terraform's provider network mirror protocol.
  const lists = urls.map(([, url]) => answers(`${url!.replace(/\/*$/, "/")}${address}/index.json`, 400));
  return (await Promise.all(lists)).some(Boolean);
}
