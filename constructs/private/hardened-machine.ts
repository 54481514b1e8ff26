import type { Construct } from "constructs";
import type { Container, ContainerConfig } from "../../.gen/providers/docker/container";
import { type CarriedFiles, carriedFiles } from "./file-carrier";
import { hardened } from "./hardening";

/** What a machine in production may take. */
export interface MachineLimits {
  readonly memoryMegabytes?: number;
  readonly cpus?: number;
}

/** Enough for a small API. */
export const USUAL_MEGABYTES = 256;

/** How a machine runs in production: a part of its container's configuration, and the container that is given its files. */
export function hardenedMachine(
  machine: Construct,
  at: {
    readonly name: string;
    readonly image: string;
    readonly folder: string;
    readonly labels: Container["labelsInput"];
  },
  { memoryMegabytes = USUAL_MEGABYTES, cpus }: MachineLimits,
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
