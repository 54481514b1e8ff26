import type { Construct } from "constructs";
import type { Container, ContainerConfig } from "../../.gen/providers/docker/container";
import { check } from "./checks";
import { checkCpus } from "./database-checks";
import { type CarriedFiles, carriedFiles } from "./file-carrier";
import { hardened } from "./hardening";

/** What a machine in production may take. */
export interface MachineLimits {
  readonly memoryMegabytes?: number;
  readonly cpus?: number;
}

/** Node.js alone takes some 40. */
const LEAST_MEGABYTES = 64;

export function checkMachineLimits({ memoryMegabytes, cpus }: MachineLimits, isProduction: boolean): string[] {
  if (!isProduction) {
    const given = Object.entries({ memoryMegabytes, cpus }).filter(([, value]) => value !== undefined);
    return given.map(
      ([name]) => `\`${name}\` needs \`mode: "production"\`, here or of the server; add it, or leave \`${name}\` out`,
    );
  }
  const rule = `must be a whole number of megabytes, ${LEAST_MEGABYTES} or more; use 256, or leave it out`;
  const isEnough = (megabytes: number) => Number.isInteger(megabytes) && megabytes >= LEAST_MEGABYTES;
  return [...check("memoryMegabytes", memoryMegabytes ?? 256, isEnough, rule), ...checkCpus(cpus)];
}

/** How a machine runs in production: a part of its container's configuration, and the container that is given its files. */
export function hardenedMachine(
  machine: Construct,
  at: {
    readonly name: string;
    readonly image: string;
    readonly folder: string;
    readonly labels: Container["labelsInput"];
  },
  { memoryMegabytes = 256, cpus }: MachineLimits,
): { readonly config: Partial<ContainerConfig>; readonly files: CarriedFiles } {
  const files = carriedFiles(machine, at);
  files.carrier.addOverride("labels", at.labels);
  return {
    files,
    config: {
      ...hardened({ memoryMegabytes, cpus, tmpfs: { "/tmp": "size=64m" } }),
      volumes: [{ volumeName: files.volume.name, containerPath: at.folder }],
      dependsOn: [files.carrier],
    },
  };
}
