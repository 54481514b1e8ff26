import { join } from "node:path";
import { readTextIfThere } from "../keys/read-file";
import { localImage } from "./docker-names";
import { ContractError } from "./errors";
import { m2mFolder } from "./project-files";

/** Where a Terraform provider comes from: its address and the versions that do. */
export interface ProviderSource {
  /** Fully qualified, so that OpenTofu finds it too instead of asking its own registry. */
  readonly source: string;
  readonly version: string;
}

export const OFFICIAL_KEYCLOAK = {
  source: "registry.terraform.io/keycloak/keycloak",
  version: "~> 5.9",
} as const satisfies ProviderSource;

/** Whether the official provider can sign in by an algorithm. It has no signer for RSA-PSS. */
export function officialProviderSignsInBy(algorithm: string): boolean {
  return !algorithm.startsWith("PS");
}

/** The embedded provider: never passed off as the official one. */
export const EMBEDDED_KEYCLOAK = {
  source: "terraform.local/cdktf-keycloak-m2m/keycloak",
  version: ">= 0.1.0",
} as const satisfies ProviderSource;

export const DOCKER = {
  source: "registry.terraform.io/kreuzwerker/docker",
  version: ">= 4.6, < 5", // the first with `upload.owner`
} as const satisfies ProviderSource;

/** The Keycloak that is run by default, of the official image. */
const KEYCLOAK_VERSION = "26.4";

/** The same as Keycloak is published for Maven, by its complete version, for an image that is made here. */
export const KEYCLOAK_RELEASE = "26.4.7";

/** The official image of Keycloak. */
export function officialKeycloakImage(version = KEYCLOAK_VERSION): string {
  return `quay.io/keycloak/keycloak:${version}`;
}

/** The official images of Prometheus and Alertmanager. */
export const OFFICIAL_PROMETHEUS_IMAGE = "quay.io/prometheus/prometheus:v3.5.0";
export const OFFICIAL_ALERTMANAGER_IMAGE = "quay.io/prometheus/alertmanager:v0.28.1";

/** Both as one image, made where no official images are to be had. The number counts the changes of what is in it. */
export const LOCAL_MONITORING_IMAGE = localImage("monitoring", "1");

/** The official image of PostgreSQL. Its major version is that of the data: another one needs a backup and a restore. */
export const OFFICIAL_POSTGRES_IMAGE = "postgres:17-bookworm";

/** Debian's PostgreSQL as an image, made where no official one is to be had: the major version, and how often it changed. */
export const LOCAL_POSTGRES_IMAGE = localImage("postgres", "15-1");

/** The official image of HAProxy, in its line with long-term support. */
export const OFFICIAL_HAPROXY_IMAGE = "haproxy:3.2";

/** Debian's HAProxy as an image, made where no official one is to be had. */
export const LOCAL_HAPROXY_IMAGE = localImage("haproxy", "2.6-1");

/** The line of Node.js that machines run: the newest with long-term support, wherever the image comes from. */
export const MACHINE_NODE = "26";

/** The official image for machines. */
export const OFFICIAL_MACHINE_IMAGE = `node:${MACHINE_NODE}-bookworm-slim`;

/** Where things come from: settled by the first `m2m up`, recorded in `.m2m/sources.json`, and read by the constructs. */
export interface Sources {
  readonly keycloakProvider: typeof OFFICIAL_KEYCLOAK.source | typeof EMBEDDED_KEYCLOAK.source;
  readonly dockerProvider: "registry" | "built";
  /** Absent where the official images are used. */
  readonly keycloakImage?: string;
  readonly machineImage?: string;
  readonly why: string;
  readonly decidedAt: string;
}

/** The record of a project. */
export function sourcesFile(project: string): string {
  return join(m2mFolder(project), "sources.json");
}

export function printSources(sources: Sources): string {
  return `${JSON.stringify(sources, null, 2)}\n`;
}

/** What a project has settled on; nothing before the first `m2m up`. @throws {ContractError} `record-invalid` */
export function readSources(project: string): Sources | undefined {
  const file = sourcesFile(project);
  const json = readTextIfThere(file);
  if (json === undefined) return undefined;
  try {
    return JSON.parse(json) as Sources;
  } catch (cause) {
    throw new ContractError(
      "record-invalid",
      `${file} must be JSON as \`m2m up\` writes it; remove it and run \`m2m up\` again`,
      { cause },
    );
  }
}

/** The Keycloak provider that a project has settled on; the official one if nothing says otherwise. */
export function keycloakProviderSource(sources: Sources | undefined): ProviderSource {
  return sources?.keycloakProvider === EMBEDDED_KEYCLOAK.source ? EMBEDDED_KEYCLOAK : OFFICIAL_KEYCLOAK;
}

/** The image of a server that names neither image nor version. */
export function defaultKeycloakImage(sources: Sources | undefined): string {
  return sources?.keycloakImage ?? officialKeycloakImage();
}

/** The images of a `Monitoring` that names none. */
export function defaultMonitoringImages(sources: Sources | undefined) {
  const isMade = makesImages(sources);
  return {
    prometheus: isMade ? LOCAL_MONITORING_IMAGE : OFFICIAL_PROMETHEUS_IMAGE,
    alertmanager: isMade ? LOCAL_MONITORING_IMAGE : OFFICIAL_ALERTMANAGER_IMAGE,
  };
}

/** The image of a `PostgresDatabase` that names none. */
export function defaultPostgresImage(sources: Sources | undefined): string {
  return makesImages(sources) ? LOCAL_POSTGRES_IMAGE : OFFICIAL_POSTGRES_IMAGE;
}

/** The image of the balancer of a `KeycloakCluster` that names none. */
export function defaultBalancerImage(sources: Sources | undefined): string {
  return makesImages(sources) ? LOCAL_HAPROXY_IMAGE : OFFICIAL_HAPROXY_IMAGE;
}

/** Whether a project has settled on images that are made on its machine. */
export function makesImages(sources: Sources | undefined): boolean {
  return sources?.keycloakImage !== undefined;
}

/** The image of a machine that names none. */
export function defaultMachineImage(sources: Sources | undefined): string {
  return sources?.machineImage ?? OFFICIAL_MACHINE_IMAGE;
}
