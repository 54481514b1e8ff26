import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Container } from "@cdktf/provider-docker/lib/container";
import { Token } from "cdktf";
import { Construct } from "constructs";
import type { KeycloakServer } from "./keycloak-server";
import { checkContainerName, checkImage, checkPort } from "./private/checks";
import { claimContainer } from "./private/claims";
import { dockerProvider, labels } from "./private/docker";
import { failOn } from "./private/errors";
import { bundledFile, fromStackFolder, projectFolder, stackFolder } from "./private/project";
import { setting } from "./private/settings";
import type { SignedJwtClient } from "./signed-jwt-client";
import { defaultImage } from "./sources";

/** The user that the program runs as; it has no rights in the container but to read its key. */
const MACHINE_UID = "1000";
const KEY_FILE = "/run/machine/signing.key";
const PROGRAM = "/run/machine/program.cjs";

/** Properties of a {@link MachineContainer}. */
export interface MachineContainerProps {
  /** The machine's identity: its client id, key and realm. */
  readonly client: SignedJwtClient;
  /** The server whose network it joins. */
  readonly server: KeycloakServer;
  /**
   * One bundled JavaScript file for Node.js, relative to `cdktf.json`. It is told `ISSUER`, `AUDIENCE`, `CLIENT_ID`,
   * `KEY_FILE`, `PORT` and `ALLOW_INSECURE_HTTP`.
   *
   * @default - this package's machine-b: `GET /api/protected` and `GET /api/protected/online`
   */
  readonly program?: string;
  /**
   * Image with `node` in its path.
   *
   * @default - `node:22-bookworm-slim`; on a machine without that registry, what `m2m up` recorded
   */
  readonly image?: string;
  /**
   * Name of the container.
   *
   * @default - the client id, or the context value `m2m:machineName`; inside the network it is always the client id
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
}

/**
 * A machine's API in a container, beside Keycloak and not after it: it starts at once and waits for its realm itself.
 *
 * The program and the private key are copied into the container when it is made; the key is readable by the program's
 * user alone and is never part of the state. Another key or program makes another container.
 */
export class MachineContainer extends Construct {
  /** Where machines in the network, and callers with `connectTo`, reach it. */
  readonly url: string;
  /** `host:port=address:port` for those outside the network, as curl's `--connect-to`. */
  readonly connectTo: string;

  constructor(scope: Construct, id: string, props: MachineContainerProps) {
    super(scope, id);
    const { client, server, port = 3000 } = props;
    const publishedPort = props.publishedPort ?? setting(this, "machinePort", port);
    const containerName = props.containerName ?? setting(this, "machineName", client.clientId);
    const image = props.image ?? defaultImage("machineImage", "node:22-bookworm-slim");
    failOn(this, [
      ...checkContainerName("containerName", containerName),
      ...checkPort("port", port),
      ...checkPort("publishedPort", publishedPort),
      ...(Token.isUnresolved(image) ? [] : checkImage("image", image)), // of a resource that builds it, for example
      ...claimContainer(this, containerName, "publishedPort", publishedPort),
    ]);
    this.url = `http://${client.clientId}:${port}`;
    this.connectTo = `${client.clientId}:${port}=127.0.0.1:${publishedPort}`;

    server.dependencies(this); // puts the server's stack before this one; in one stack the network's name does it
    const container = new Container(this, "Container", {
      provider: dockerProvider(this),
      name: containerName,
      image,
      user: MACHINE_UID,
      entrypoint: ["node"],
      command: [PROGRAM],
      env: [
        `ISSUER=${client.realm.issuer}`,
        `AUDIENCE=${client.clientId}`,
        `CLIENT_ID=${client.clientId}`,
        `KEY_FILE=${KEY_FILE}`,
        `PORT=${port}`,
        `ALLOW_INSECURE_HTTP=${client.realm.issuer.startsWith("http:")}`,
      ],
      restart: "unless-stopped",
      securityOpts: ["no-new-privileges"],
      capabilities: { drop: ["ALL"] },
      networksAdvanced: [{ name: server.networkName, aliases: [client.clientId] }],
      ports: [{ internal: port, external: publishedPort, ip: "127.0.0.1" }],
      // The key's file keeps its name when the key changes: the label makes that a new container.
      labels: [...labels("machine"), { label: "cdktf-keycloak-m2m.kid", value: client.signingKey.kid }],
    });
    container.addOverride("upload", [
      { source: this.stage(props.program), file: PROGRAM, owner: MACHINE_UID, permissions: "0444" },
      {
        source: fromStackFolder(this, client.signingKey.privateKeyFile),
        file: KEY_FILE,
        owner: MACHINE_UID,
        permissions: "0400",
      },
    ]);
  }

  /** Puts the program beside the JSON, under its hash: another program is another path, and so another container. */
  private stage(program?: string): string {
    const path = program === undefined ? bundledFile("machine-b.cjs") : resolve(projectFolder(), program);
    const hash = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);
    const source = join("programs", this.node.id, hash, "program.cjs");
    const target = join(stackFolder(this), source);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(path, target);
    return source;
  }
}
