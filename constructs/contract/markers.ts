import type { SigningAlgorithm } from "../keys/algorithms";
import type { Override, ResourceJson, StackJson } from "./terraform-json";

// Facts that only `m2m` reads stand below `//` in the synthesized JSON, which Terraform takes for a comment.

/** What `m2m keys` has to know of a pair: where its files are, and what its next key is to look like. */
export interface PairDescription {
  readonly name: string;
  /** The folders as declared, absolute or relative to `cdktf.json`. */
  readonly directory: string;
  readonly privateKeyDirectory: string;
  readonly algorithm: SigningAlgorithm;
  readonly validityDays: number;
  readonly rsaBits?: number;
  /** The keys that Keycloak accepts. */
  readonly kids: readonly string[];
  /** The keys that Keycloak must never accept again. */
  readonly revoked: readonly string[];
}

/** Marks a pair in the JSON of its stack. `address` is the construct's own, which is unique in the app. */
export function pairMarker(address: string, description: PairDescription): Override<PairDescription> {
  return [`//.signingKeys.${address}`, description];
}

/** The pairs that a stack declares. */
export function pairsIn(stack: StackJson): PairDescription[] {
  const { signingKeys = {} } = (stack["//"] ?? {}) as { signingKeys?: Record<string, PairDescription> };
  return Object.values(signingKeys);
}

/** What `m2m` has to know of a certificate for TLS. */
export interface CertificateDescription {
  readonly name: string;
  readonly usage: "authority" | "server" | "client" | "peer";
  /** The files, absolute or relative to `cdktf.json`. */
  readonly file: string;
  readonly keyFile: string;
  /** Whether `m2m certificates renew` leaves it to others. */
  readonly isImported?: true;
}

/** Marks a certificate in the JSON of its stack. `address` is the construct's own, which is unique in the app. */
export function certificateMarker(
  address: string,
  description: CertificateDescription,
): Override<CertificateDescription> {
  return [`//.certificates.${address}`, description];
}

/** The certificates for TLS that a stack declares. */
export function certificatesOf(stack: StackJson): CertificateDescription[] {
  const { certificates = {} } = (stack["//"] ?? {}) as { certificates?: Record<string, CertificateDescription> };
  return Object.values(certificates);
}

/** What `m2m` has to know of a realm, to compare its issuer with the one that Keycloak says. */
export interface RealmDescription {
  /** The server's address for Terraform. */
  readonly url: string;
  readonly realmName: string;
  /** The issuer by the declaration. */
  readonly issuer: string;
}

/** Marks a realm in the JSON of its stack. `address` is the construct's own, which is unique in the app. */
export function realmMarker(address: string, description: RealmDescription): Override<RealmDescription> {
  return [`//.realms.${address}`, description];
}

/** The realms that a stack declares or refers to. */
export function realmsIn(stack: StackJson): RealmDescription[] {
  const { realms = {} } = (stack["//"] ?? {}) as { realms?: Record<string, RealmDescription> };
  return Object.values(realms);
}

/** What `m2m` has to know of an API that another configuration declares: nothing else in the JSON says it. */
export interface ImportedApiDescription {
  /** The server's address for Terraform. */
  readonly url: string;
  readonly realmName: string;
  readonly audience: string;
  /** The names of its client scopes that tokens name in `scope`. */
  readonly scopes: readonly string[];
  /** The client scope that gives the audience alone. */
  readonly audienceScope: string;
}

/** Marks an imported API in the JSON of its stack. `address` is the construct's own, which is unique in the app. */
export function importedApiMarker(
  address: string,
  description: ImportedApiDescription,
): Override<ImportedApiDescription> {
  return [`//.importedApis.${address}`, description];
}

/** The APIs that a stack refers to. */
export function importedApisIn(stack: StackJson): ImportedApiDescription[] {
  const { importedApis = {} } = (stack["//"] ?? {}) as { importedApis?: Record<string, ImportedApiDescription> };
  return Object.values(importedApis);
}

/** What `m2m` has to know of a Monitoring: the addresses on this machine. */
export interface MonitoringDescription {
  /** Of the Keycloak that is watched, as Terraform reaches it. */
  readonly server: string;
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** Marks a Monitoring in the JSON of its stack. `address` is the construct's own, which is unique in the app. */
export function monitoringMarker(address: string, description: MonitoringDescription): Override<MonitoringDescription> {
  return [`//.monitoring.${address}`, description];
}

/** The Monitorings that a stack declares. */
export function monitoringsIn(stack: StackJson): MonitoringDescription[] {
  const { monitoring = {} } = (stack["//"] ?? {}) as { monitoring?: Record<string, MonitoringDescription> };
  return Object.values(monitoring);
}

/** Marks the client that Terraform itself signs in as (`DeployerClient`), in the JSON of that client. */
export const DEPLOYER_MARKER: Override<boolean> = ["//.deployer", true];

/** Whether a client in the synthesized JSON has the deployer's mark. */
export function isDeployer(client: ResourceJson): boolean {
  return (client["//"] as { deployer?: boolean } | undefined)?.deployer === true;
}
