import type { ResourceJson } from "./terraform-json";

/** The label of everything that this package makes in Docker. Its value says what a thing is. */
export const LABEL = "cdktf-keycloak-m2m";

/** What a thing in Docker is: of a server's, a machine, or an image. */
type Role =
  | "keycloak"
  | "network"
  | "data"
  | "files"
  | "postgres"
  | "haproxy"
  | "service"
  | "machine"
  | "prometheus"
  | "alertmanager"
  | "keycloak-optimised"
  | "debian"
  | "node"
  | "monitoring";

/** A label, as Terraform's Docker provider takes it. */
interface Label {
  readonly label: string;
  readonly value: string;
}

/** Tells the key that a container was given. */
const KID_LABEL = `${LABEL}.kid`;

/** Tells what the files of a container hold that are no secret. */
export const FILES_LABEL = `${LABEL}.files`;

/** The labels of one thing; a container that is given a key says which. */
export function labels(role: Role, kid?: string): Label[] {
  return [{ label: LABEL, value: role }, ...(kid === undefined ? [] : [{ label: KID_LABEL, value: kid }])];
}

/** The key that a container was given, of a synthesized stack or a state. */
export function kidsInLabels(container: ResourceJson): string[] {
  const all = (container.labels ?? []) as readonly Label[];
  return all.filter(({ label }) => label === KID_LABEL).map(({ value }) => value);
}

/** The label as a Dockerfile and `docker import --change` take it. */
export function dockerfileLabel(role: Role): string {
  return `LABEL ${LABEL}=${role}`;
}

/** The construct that brings renewed certificates into a container: part of its address, which tells a plan's reader what it is. */
export const RENEWED_CERTIFICATES = "RenewedCertificates";

/** The network of a server, by the name of its container. */
export function networkName(container: string): string {
  return `${container}-network`;
}

/** The network by which this machine reaches a database that is published, by the name of its container. */
export function hostNetworkName(container: string): string {
  return `${container}-host`;
}

/** The network that the servers of a cluster share with their database alone. */
export function clusterNetworkName(container: string): string {
  return `${container}-cluster`;
}

/** The service that a cluster's servers are the replicas of. Its name is a host name too: `keycloak` is the balancer's. */
export function serviceName(container: string): string {
  return `${container}-servers`;
}

/** The volume with a server's database, by the name of its container. */
export function volumeName(container: string): string {
  return `${container}-data`;
}

/** The volume with the files that a container is given, where its root file system is read-only. */
export function filesVolumeName(container: string): string {
  return `${container}-files`;
}

/** An image that is made on this machine: by `m2m`, or by a construct on top of one. */
export function localImage(role: Role, tag: string): string {
  return `${repository(role)}${tag}`;
}

/** Whether an image is one that was made on a machine like this, with whatever tag. */
export function isLocalImage(role: Role, image: string): boolean {
  return image.startsWith(repository(role));
}

function repository(role: Role): string {
  return `${LABEL}/${role}:`;
}
