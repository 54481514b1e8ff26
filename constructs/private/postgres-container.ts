import type { Construct } from "constructs";
import { Container } from "../../.gen/providers/docker/container";
import type { Network } from "../../.gen/providers/docker/network";
import type { Volume } from "../../.gen/providers/docker/volume";
import { FILES_LABEL, labels, RENEWED_CERTIFICATES } from "../contract/docker-names";
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
  /** What it shows. */
  readonly certificate: ITlsCertificate;
  /** What Keycloak shows. */
  readonly clientCertificate: ITlsCertificate;
}

/** The container that a database runs in. */
export function postgresContainer(database: Construct, props: PostgresContainerProps): Container {
  const { name, image, memoryMegabytes, cpus, network, data, certificate, clientCertificate } = props;
  const plain = {
    "start.sh": START,
    "postgresql.conf": settings(memoryMegabytes),
    "pg_hba.conf": hostAccess(),
    "pg_ident.conf": certificateOwners(clientCertificate.commonName),
  };
  const files = carriedFiles(database, { name, image, folder: FILES });
  // The provider looks at the paths of files alone. This tells it, and who reads the plan, that one differs.
  const content = { label: FILES_LABEL, value: fingerprint(JSON.stringify(plain)) };
  files.carrier.addOverride("labels", [...labels("files"), content]);
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
    volumes: [
      { volumeName: data.name, containerPath: DATA },
      { volumeName: files.volume.name, containerPath: FILES },
    ],
    labels: [...labels("postgres"), content],
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
  carry(files, [...Object.entries(plain).map(([target, text]) => staged(target, text)), ...tls]);
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
  return container;
}
