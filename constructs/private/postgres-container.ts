import type { Construct } from "constructs";
import { Container } from "../../.gen/providers/docker/container";
import { Network } from "../../.gen/providers/docker/network";
import type { Volume } from "../../.gen/providers/docker/volume";
import { FILES_LABEL, hostNetworkName, labels, RENEWED_CERTIFICATES } from "../contract/docker-names";
import type { ITlsCertificate } from "../tls";
import { dockerProvider } from "./docker";
import { carriedFiles, carry } from "./file-carrier";
import { hardened } from "./hardening";
import { certificateOwners, DATA, FILES, hostAccess, START, settings } from "./postgres-files";
import { fromStackFolder, stagePublicFile } from "./project";
import { type BroughtFile, bringRenewed, fingerprint, READERS } from "./renewal";

/** The user `postgres` of the official image, and of the one that is made here. */
const UID = "999";

interface PostgresContainerProps {
  readonly name: string;
  readonly image: string;
  readonly memoryMegabytes: number;
  readonly cpus?: number;
  readonly network: Network;
  readonly data: Volume;
  /** Where this machine reaches it, if it does. */
  readonly localhostPort?: number;
  /** What it shows. */
  readonly certificate: ITlsCertificate;
  /** What Keycloak shows. */
  readonly clientCertificate: ITlsCertificate;
}

/** A container, and what may still be added to it. */
interface PostgresContainer {
  readonly container: Container;
  /** Has further databases made, each for the role of its name. */
  readonly setDatabases: (names: readonly string[]) => void;
}

/** The container that a database runs in. */
export function postgresContainer(database: Construct, props: PostgresContainerProps): PostgresContainer {
  const { name, image, memoryMegabytes, cpus, network, localhostPort, data, certificate, clientCertificate } = props;
  const files = carriedFiles(database, { name, image, folder: FILES });
  const container = new Container(database, "Container", {
    provider: dockerProvider(database),
    name,
    image,
    user: `${UID}:${READERS}`,
    entrypoint: ["bash", `${FILES}/start.sh`],
    ...hardened({
      memoryMegabytes,
      cpus,
      tmpfs: { "/tmp": "size=64m", "/var/run/postgresql": `uid=${UID},gid=${READERS},mode=0775,size=1m` },
    }),
    shmSize: Math.floor(memoryMegabytes / 4),
    stopSignal: "SIGINT", // PostgreSQL ends its sessions and writes what is in memory
    networksAdvanced: [{ name: network.name }],
    ...(localhostPort && { ports: [{ ip: "127.0.0.1", internal: 5432, external: localhostPort }] }),
    volumes: [
      { volumeName: data.name, containerPath: DATA },
      { volumeName: files.volume.name, containerPath: FILES },
    ],
    healthcheck: {
      test: ["CMD", "pg_isready", "--quiet"],
      interval: "5s",
      timeout: "5s",
      startPeriod: "1m0s",
      retries: 3,
    },
    wait: true,
    waitTimeout: 120,
    dependsOn: [files.carrier],
  });
  const file = (target: string, source: string, permissions: BroughtFile["permissions"] = "0444") => {
    return { source, target: `${FILES}/${target}`, permissions };
  };
  const staged = (target: string, content: string) => file(target, stagePublicFile(database, target, content));
  const tls = [
    staged("ca.crt", clientCertificate.authority.trustedPem),
    staged("tls.crt", certificate.certificatePem),
    file("tls.key", fromStackFolder(database, certificate.files.key), "0440"),
  ];
  const setDatabases = (names: readonly string[]) => {
    const plain = {
      "start.sh": START,
      "postgresql.conf": settings(memoryMegabytes),
      "pg_hba.conf": hostAccess(names),
      "pg_ident.conf": certificateOwners(clientCertificate.commonName),
      ...(names.length > 0 && { databases: names.map((one) => `${one}\n`).join("") }),
    };
    carry(files, [...Object.entries(plain).map(([target, text]) => staged(target, text)), ...tls]);
    // The provider looks at the paths of files alone. This tells it, and who reads the plan, that one differs.
    const content = { label: FILES_LABEL, value: fingerprint(JSON.stringify(plain)) };
    files.carrier.addOverride("labels", [...labels("files"), content]);
    container.addOverride("labels", [...labels("postgres"), content]);
  };
  setDatabases([]);
  bringRenewed(database, RENEWED_CERTIFICATES, {
    container,
    containerName: name,
    files: tls,
    triggers: {
      certificate: certificate.thumbprint,
      trusted: fingerprint(clientCertificate.authority.trustedPem),
    },
    afterwards: "kill -HUP 1", // PostgreSQL reads them again
  });
  return { container, setDatabases };
}

/**
 * The network of a database that is published: Docker publishes nothing of a network that leads nowhere. This one translates no
 * addresses, so what leaves it comes from an address that nobody answers, and ports are bound to this machine alone.
 *
 * @see https://docs.docker.com/engine/network/drivers/bridge/
 */
export function hostNetwork(database: Construct, name: string): Network {
  return new Network(database, "HostNetwork", {
    provider: dockerProvider(database),
    name: hostNetworkName(name),
    options: {
      "com.docker.network.bridge.enable_ip_masquerade": "false",
      "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
    },
    labels: labels("network"),
  });
}
