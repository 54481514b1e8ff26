import type { SigningAlgorithm } from "../keys/algorithms";
import type { TlsFiles } from "./outputs";
import type { Override, ResourceJson, StackJson } from "./terraform-json";

// Facts that only `m2m` reads stand below `//` in the synthesized JSON, which Terraform takes for a comment.

/** Marks of one kind: how a construct writes one, and how `m2m` reads those of a stack. */
function marksOf<Description>(kind: string) {
  return {
    /** @param address the construct's own, which is unique in the app */
    mark: (address: string, description: Description): Override<Description> => [`//.${kind}.${address}`, description],
    read(stack: StackJson): Description[] {
      const marks = (stack["//"] ?? {}) as Readonly<Record<string, Readonly<Record<string, Description>>>>;
      return Object.values(marks[kind] ?? {});
    },
  };
}

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

/** The pairs that a stack declares. */
export const { mark: pairMarker, read: pairsIn } = marksOf<PairDescription>("signingKeys");

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

/** The certificates for TLS that a stack declares. */
export const { mark: certificateMarker, read: certificatesOf } = marksOf<CertificateDescription>("certificates");

/** What `m2m` has to know of a realm, to compare its issuer with the one that Keycloak says. */
export interface RealmDescription {
  /** The server's address for Terraform. */
  readonly url: string;
  readonly realmName: string;
  /** The issuer by the declaration. */
  readonly issuer: string;
}

/** The realms that a stack declares or refers to. */
export const { mark: realmMarker, read: realmsIn } = marksOf<RealmDescription>("realms");

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

/** The APIs that a stack refers to. */
export const { mark: importedApiMarker, read: importedApisIn } = marksOf<ImportedApiDescription>("importedApis");

/** What `m2m` has to know of a Monitoring: the addresses on this machine. */
export interface MonitoringDescription {
  /** Of the Keycloak that is watched, as Terraform reaches it. */
  readonly server: string;
  /** How many servers a cluster has. */
  readonly replicas?: number;
  readonly prometheus: string;
  readonly alertmanager: string;
}

/** The Monitorings that a stack declares. */
export const { mark: monitoringMarker, read: monitoringsIn } = marksOf<MonitoringDescription>("monitoring");

/** What `m2m` has to know of a machine in a container, to call it. */
export interface MachineDescription {
  /** Of the realm whose tokens it accepts. */
  readonly issuer: string;
  /** Its address in the Docker network. */
  readonly url: string;
  /** `host:port=address:port` for those outside of it. */
  readonly connectTo: string;
}

/** The machines in containers that a stack declares. */
export const { mark: machineMarker, read: machinesIn } = marksOf<MachineDescription>("machines");

/** What `m2m` has to know of a server in a container. */
export interface ServerDescription {
  readonly container: string;
  /** As declared, before it is optimised. */
  readonly image: string;
  /** Published on this machine. */
  readonly port: number;
  /** The volume with its data, where it is in one that the app declares. */
  readonly dataVolume?: string;
  /** Of a cluster: what is behind the container, which is its balancer. */
  readonly service?: { readonly name: string; readonly replicas: number };
}

/** The servers that a stack declares. */
export const { mark: serverMarker, read: serversIn } = marksOf<ServerDescription>("servers");

/** What `m2m` has to know of a database, to back it up. */
export interface DatabaseDescription {
  readonly container: string;
  readonly database: string;
  /** Further ones beside it, which keep the Terraform states of others. */
  readonly states?: readonly string[];
}

/** The databases that a stack declares. */
export const { mark: databaseMarker, read: databasesIn } = marksOf<DatabaseDescription>("databases");

/** Names the files for TLS of a client that shows a certificate, in the JSON of that client. */
export function tlsFilesMarker({ ca, certificate, key }: TlsFiles): Override<TlsFiles> {
  return ["//.tls", { ca, certificate, key }];
}

/** The files for TLS of a client in the synthesized JSON, relative to `cdktf.json`; `undefined` for one without. */
export function tlsFilesOf(client: ResourceJson): TlsFiles | undefined {
  return (client["//"] as { tls?: TlsFiles } | undefined)?.tls;
}

/** Marks the client that Terraform itself signs in as (`DeployerClient`), in the JSON of that client. */
export const DEPLOYER_MARKER: Override<boolean> = ["//.deployer", true];

/** Whether a client in the synthesized JSON has the deployer's mark. */
export function isDeployer(client: ResourceJson): boolean {
  return (client["//"] as { deployer?: boolean } | undefined)?.deployer === true;
}
