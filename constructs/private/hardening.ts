import type { ContainerConfig } from "../../.gen/providers/docker/container";

/** What differs between containers that take no more than they need. */
export interface Limits {
  /** Memory, and no swap beside it. */
  readonly memoryMegabytes: number;
  /** Processors; no limit without. */
  readonly cpus?: number;
  /** Folders in memory that it may write to, with their options. */
  readonly tmpfs: Readonly<Record<string, string>>;
}

/** Part of a container's configuration. */
type Hardened = Pick<
  ContainerConfig,
  | "capabilities"
  | "cpus"
  | "destroyGraceSeconds"
  | "logDriver"
  | "logOpts"
  | "memory"
  | "memorySwap"
  | "readOnly"
  | "restart"
  | "securityOpts"
  | "stopTimeout"
  | "tmpfs"
>;

/** Time to end by itself before it is killed, in seconds. */
const GRACE = 60;

/**
 * A container for production: it writes only to its volumes and to memory, has no rights of root, can gain none, and takes no
 * more memory, processors and disk for its log than it is given. The Docker provider has no limit of processes.
 *
 * @see https://cheatsheetseries.owasp.org/cheatsheets/Docker_Security_Cheat_Sheet.html
 */
export function hardened({ memoryMegabytes, cpus, tmpfs }: Limits): Hardened {
  return {
    capabilities: { drop: ["ALL"] },
    securityOpts: ["no-new-privileges"],
    readOnly: true,
    tmpfs: { ...tmpfs },
    memory: memoryMegabytes,
    memorySwap: memoryMegabytes,
    ...(cpus === undefined ? {} : { cpus: String(cpus) }),
    logDriver: "json-file",
    logOpts: { "max-size": "10m", "max-file": "5" },
    restart: "unless-stopped",
    stopTimeout: GRACE,
    destroyGraceSeconds: GRACE,
  };
}
