import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";
import type { ContainerConfig } from "../../.gen/providers/docker/container";
import type { ProductionProps } from "../production";
import { type CarriedFiles, carriedFiles } from "./file-carrier";
import { hardened } from "./hardening";
import { KEYCLOAK_FILES, KEYCLOAK_UID, type KeycloakOptions } from "./keycloak-options";
import { READERS } from "./renewal";
import { ServerDatabase } from "./server-database";

/** Memory that Java takes beside its heap, in megabytes: classes, threads, buffers. */
const BESIDE_HEAP = 450;
/** Keycloak's own share for the heap, as far as the rest suffices. */
const MOST_HEAP_PERCENT = 70;

type Limited = Pick<ContainerConfig, "dependsOn" | "env" | "user" | "volumes"> & ReturnType<typeof hardened>;

/** How a server runs in production: its database, its limits, and what it may write to. */
export class Production {
  readonly database: ServerDatabase;
  readonly memoryMegabytes: number;

  constructor(
    private readonly server: Construct,
    private readonly containerName: string,
    private readonly props: ProductionProps,
    servers = 1,
  ) {
    this.database = new ServerDatabase(server, props.database!, servers);
    this.memoryMegabytes = props.memoryMegabytes ?? 2048;
  }

  get options(): KeycloakOptions {
    const { maxQueuedRequests = 1000, plainHttpBehindProxy: headers } = this.props;
    return {
      build: ["--db=postgres"],
      start: [
        ...(headers === undefined ? [] : ["--http-enabled=true", `--proxy-headers=${headers}`]),
        ...this.database.startOptions,
        `--http-max-queued-requests=${maxQueuedRequests}`,
        "--log-console-output=json",
      ],
    };
  }

  /** The file that holds what nobody else may read. */
  readonly configuration = `${KEYCLOAK_FILES}/keycloak.conf`;

  /** How the files get there. */
  files(image: string): CarriedFiles {
    return carriedFiles(this.server, { name: this.containerName, image, folder: KEYCLOAK_FILES });
  }

  /** Part of the container's configuration. */
  container({ volume, carrier }: CarriedFiles): Limited {
    const { memoryMegabytes } = this;
    return {
      ...hardened({
        memoryMegabytes,
        cpus: this.props.cpus,
        tmpfs: { "/tmp": "size=64m", "/opt/keycloak/data": `uid=${KEYCLOAK_UID},gid=${READERS},mode=0770,size=64m` },
      }),
      user: `${KEYCLOAK_UID}:${READERS}`,
      env: Object.entries(this.environment).map(([name, value]) => `${name}=${value}`),
      volumes: [{ volumeName: volume.name, containerPath: KEYCLOAK_FILES }],
      dependsOn: [carrier, ...this.dependencies],
    };
  }

  get environment(): Readonly<Record<string, string>> {
    return { JAVA_OPTS_KC_HEAP: heapOptions(this.memoryMegabytes) };
  }

  get dependencies(): ITerraformDependable[] {
    return this.props.database!.dependencies(this.server) as ITerraformDependable[];
  }
}

function heapOptions(memoryMegabytes: number): string {
  const left = Math.floor((100 * (memoryMegabytes - BESIDE_HEAP)) / memoryMegabytes);
  const percent = Math.min(MOST_HEAP_PERCENT, left);
  return `-XX:MaxRAMPercentage=${percent} -XX:InitialRAMPercentage=${Math.min(50, percent)}`;
}
