import { dirname, resolve } from "node:path";
import { TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";
import { Container } from "../.gen/providers/docker/container";
import { FILES_LABEL, labels } from "./contract/docker-names";
import { machineMarker } from "./contract/markers";
import { projectFolder } from "./contract/project-files";
import { defaultMachineImage } from "./contract/sources";
import { literal } from "./contract/terraform-text";
import { checkRequiredScopes } from "./private/api-checks";
import { check, checkContainerName, checkImage, checkKnown, checkPort, isHostName, type Known } from "./private/checks";
import { claimContainer } from "./private/claims";
import { dockerProvider } from "./private/docker";
import { failOn } from "./private/errors";
import { hardenedMachine } from "./private/hardened-machine";
import { holdOrder } from "./private/held-order";
import { checkHostName, checkKeyFile, checkMachineLimits, checkProgram, checkServer } from "./private/machine-checks";
import { kidInside, stageProgram } from "./private/machine-files";
import {
  checkMetrics,
  type MachineMetrics,
  metricsFiles,
  metricsPort,
  metricsSettings,
} from "./private/machine-metrics";
import { MachineTls } from "./private/machine-tls";
import { bundledFile, fromStackFolder } from "./private/project";
import { type BroughtFile, READERS, uploads } from "./private/renewal";
import { setting } from "./private/settings";
import { isTest, sourcesOf } from "./private/tests";
import type { IRealm } from "./realm";
import type { ClientCertificates, IKeycloakInDocker } from "./server";
import type { SignedJwtClient } from "./signed-jwt-client";
import type { ISigningKey } from "./signing-key";
import type { ITlsCertificate } from "./tls";

export type { MachineMetrics } from "./private/machine-metrics";

/** The user that the program runs as, and the group. Its only right in the container is to read its key. */
const MACHINE_USER = `1000:${READERS}`;
const KEY_FILE = "/run/machine/signing.key";
const PROGRAM = "/run/machine/program.cjs";

/** Properties of a {@link MachineContainer}. */
export interface MachineContainerProps {
  /** The machine's identity: its client id, key and realm. */
  readonly client: SignedJwtClient;
  /** The server whose network it joins. */
  readonly server: IKeycloakInDocker;
  /**
   * One bundled JavaScript file for Node.js, relative to `cdktf.json`. It is told `ISSUER`, `AUDIENCE`, `CLIENT_ID`,
   * `KEY_FILE`, `ALGORITHM`, `PORT` and `ALLOW_INSECURE_HTTP`, and `TOKEN_ALGORITHMS` where the realm has a
   * `signatureAlgorithm`.
   *
   * @default - this package's machine-b: `GET /api/protected` and `GET /api/protected/online`
   */
  readonly program?: string;
  /**
   * Image with `node` in its path.
   *
   * @default - `node:26-bookworm-slim`; on a machine without that registry, what `m2m up` recorded
   */
  readonly image?: string;
  /**
   * Host name inside the network, and in `url`. Needed if the client id cannot be a host name, such as a URL.
   *
   * @default - the client id
   */
  readonly hostName?: string;
  /**
   * Name of the container.
   *
   * @default - the host name, or the context value `m2m:machineName`
   */
  readonly containerName?: string;
  /**
   * Port that the program listens on.
   *
   * @default 3000
   */
  readonly port?: number;
  /**
   * Port published on 127.0.0.1.
   *
   * @default - `port`, or the context value `m2m:machinePort`
   */
  readonly publishedPort?: number;
  /**
   * Scopes that the token of every caller must have, such as those of its {@link ProtectedApi}. The program is told
   * `REQUIRED_SCOPES`, separated by spaces.
   *
   * @default - none: a token that is for this API is enough
   */
  readonly requiredScopes?: readonly string[];
  /**
   * Whether the program serves metrics for Prometheus, at {@link MachineContainer.metricsUrl}. The port is not published: it
   * is reached inside the Docker network alone. The program is told `METRICS_PORT` and `CERTIFICATE_FILE`.
   *
   * @default false
   */
  readonly metrics?: boolean | MachineMetrics;
  /**
   * Its certificate. With usage "server" or "peer" the program serves https. With "client" or "peer" it shows the certificate
   * to Keycloak. The program is told `TLS_CERTIFICATE_FILE`, `TLS_KEY_FILE` and `TLS_CA_FILE`.
   *
   * @default - none: plain http
   */
  readonly tls?: ITlsCertificate;
  /**
   * Whether callers are asked for a certificate of the CA of `tls`. With "required" only `/healthz` and `/readyz` answer
   * without. The program is told `CLIENT_CERTIFICATES`, and in `CALLER_CERTIFICATES` which certificate each caller has
   * (`boundTo`).
   *
   * @default "none"
   */
  readonly clientCertificates?: ClientCertificates;
  /**
   * The common name of the certificate of callers that another app declares, by client id.
   *
   * @default - those that are granted a call here, as their `boundTo` says
   */
  readonly callerCertificates?: Readonly<Record<string, string>>;
  /**
   * `production` is a container with a read-only root file system, and with limits of memory and of its log.
   *
   * @default - `production` if the server is in that mode
   */
  readonly mode?: "plain" | "production";
  /**
   * Memory that its container may take in production, in megabytes.
   *
   * @default 256
   */
  readonly memoryMegabytes?: number;
  /**
   * Processors that its container may take in production.
   *
   * @default - no limit
   */
  readonly cpus?: number;
}

const PROPS: Known<MachineContainerProps> = {
  client: true,
  server: true,
  program: true,
  image: true,
  hostName: true,
  containerName: true,
  port: true,
  publishedPort: true,
  requiredScopes: true,
  metrics: true,
  tls: true,
  clientCertificates: true,
  callerCertificates: true,
  mode: true,
  memoryMegabytes: true,
  cpus: true,
};

/**
 * A machine's API in a container. It starts beside Keycloak, not after it, and waits for its realm itself.
 *
 * The program and the private key are copied into the container when it is made. Only the program's user can read the
 * key, and the state never holds it. Another key or program makes another container.
 */
export class MachineContainer extends Construct {
  /** Where machines in the network, and callers with `connectTo`, reach it. */
  readonly url: string;
  /** `host:port=address:port` for those outside the network, as curl's `--connect-to`. */
  readonly connectTo: string;
  /** Where Prometheus in the network reads its metrics. Absent without `metrics`. */
  readonly metricsUrl?: string;
  readonly containerName: string;
  readonly server: IKeycloakInDocker;

  constructor(scope: Construct, id: string, props: MachineContainerProps) {
    super(scope, id);
    holdOrder(this);
    const { client, server, port = 3000, requiredScopes = [], metrics = false, clientCertificates = "none" } = props;
    const tls = new MachineTls(this, client, server, props.tls, clientCertificates, props.callerCertificates ?? {});
    const publishedPort = props.publishedPort ?? setting(this, "machinePort", port);
    const hostName = props.hostName ?? client.clientId;
    const containerName = props.containerName ?? setting(this, "machineName", hostName);
    const image = props.image ?? defaultMachineImage(sourcesOf(this));
    const program =
      props.program === undefined ? bundledFile("machine-b.cjs") : resolve(projectFolder(), props.program);
    const { mode = server.mode === "production" ? "production" : "plain" } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...check("mode", mode, (one) => ["plain", "production"].includes(one), 'must be "plain" or "production"'),
      ...checkMachineLimits(props, mode === "production"),
      ...checkServer(client, server),
      ...checkKeyFile(client.signingKey),
      ...tls.problems(hostName),
      ...checkHostName(props.hostName, client.clientId),
      // A host name that is refused is told once.
      ...(isHostName(hostName) || containerName !== hostName ? checkContainerName("containerName", containerName) : []),
      ...checkPort("port", port),
      ...checkPort("publishedPort", publishedPort),
      ...checkRequiredScopes(requiredScopes),
      ...checkMetrics(metrics, port),
      ...(props.program === undefined ? [] : checkProgram(props.program, program)),
      ...(Token.isUnresolved(image) ? [] : checkImage("image", image)), // of a resource that builds it, for example
      ...claimContainer(this, containerName, "publishedPort", publishedPort),
    ]);
    this.containerName = containerName;
    this.server = server;
    this.url = `${tls.isServed ? "https" : "http"}://${hostName}:${port}`;
    this.connectTo = `${hostName}:${port}=127.0.0.1:${publishedPort}`;
    const metricsAt = metricsPort(metrics);
    if (metricsAt !== undefined) this.metricsUrl = `http://${hostName}:${metricsAt}/metrics`;

    const signingKey = client.signingKey as ISigningKey; // as checked above
    server.dependencies(this); // puts the server's stack before this one; in one stack the network's name does it
    const programFile = stageProgram(this, program);
    // The key's file keeps its name when the key changes: the label makes that a new container.
    const kid = isTest(this) ? signingKey.kid : kidInside(signingKey);
    const content = { label: FILES_LABEL, value: programFile };
    const production =
      mode === "production"
        ? hardenedMachine(
            this,
            { name: containerName, image, folder: dirname(PROGRAM), labels: [...labels("files", kid), content] },
            props,
          )
        : undefined;
    const container = new Container(this, "Container", {
      provider: dockerProvider(this),
      name: containerName,
      image,
      user: MACHINE_USER,
      entrypoint: ["node"],
      command: [PROGRAM],
      env: [
        `ISSUER=${client.realm.issuer}`,
        `AUDIENCE=${literal(client.clientId)}`,
        `CLIENT_ID=${literal(client.clientId)}`,
        `KEY_FILE=${KEY_FILE}`,
        `ALGORITHM=${signingKey.algorithm}`,
        `PORT=${port}`,
        `ORIGIN=${new URL(this.url).origin}`, // a DPoP proof for another host is of no use here, whatever `Host` says
        `ALLOW_INSECURE_HTTP=${client.realm.issuer.startsWith("http:")}`,
        ...tokenAlgorithms(client.realm),
        ...(server._connectToInside ? [`CONNECT_TO=${server._connectToInside}`] : []),
        ...(requiredScopes.length > 0 ? [`REQUIRED_SCOPES=${literal(requiredScopes.join(" "))}`] : []),
        ...metricsSettings(metricsAt),
        ...tls.env,
      ],
      restart: "unless-stopped",
      securityOpts: ["no-new-privileges"],
      capabilities: { drop: ["ALL"] },
      ...production?.config,
      networksAdvanced: [{ name: server.networkName, aliases: [hostName] }],
      ports: [{ internal: port, external: publishedPort, ip: "127.0.0.1" }],
      labels: [...labels("machine", kid), ...(production ? [content] : [])],
    });
    const { issuer } = client.realm;
    const marker = machineMarker(this.node.addr, { issuer, url: this.url, connectTo: this.connectTo });
    TerraformStack.of(this).addOverride(...marker);
    const tlsFiles = tls.stageFiles();
    const files: BroughtFile[] = [
      { source: programFile, target: PROGRAM, permissions: "0444" },
      { source: fromStackFolder(this, signingKey.privateKeyFile), target: KEY_FILE, permissions: "0440" },
      ...metricsFiles(this, metricsAt, signingKey.certificatePem),
      ...tlsFiles,
    ];
    (production?.files.carrier ?? container).addOverride("upload", uploads(files));
    tls.bringRenewed(container, containerName, tlsFiles);
  }
}

/** Tokens signed before a change of the realm's algorithm pass until they end. Without an algorithm the program has its default. */
function tokenAlgorithms({ signatureAlgorithm }: IRealm): string[] {
  if (signatureAlgorithm === undefined) return [];
  return [`TOKEN_ALGORITHMS=${[...new Set([signatureAlgorithm, "RS256"])].join(",")}`];
}
