import type { Construct } from "constructs";
import { Container } from "../../.gen/providers/docker/container";
import { Volume } from "../../.gen/providers/docker/volume";
import { filesVolumeName, labels } from "../contract/docker-names";
import { dockerProvider } from "./docker";
import { type BroughtFile, uploads } from "./renewal";

/** A volume with files for a container, and what puts them there. */
export interface CarriedFiles {
  readonly volume: Volume;
  /** Never started. It is there before the container that reads the files. */
  readonly carrier: Container;
}

/** How a container gets files, and which. */
interface CarrierProps {
  /** The name of the container that reads them. */
  readonly name: string;
  readonly image: string;
  /** The folder, which the volume holds. */
  readonly folder: string;
}

/**
 * Files for a container whose root file system is read-only. Docker copies nothing into such a container, and Terraform's
 * provider not even onto a volume of it. So a container of the same image, which never runs, gets them in its place: they
 * end up in the volume that both have.
 */
export function carriedFiles(scope: Construct, { name, image, folder }: CarrierProps): CarriedFiles {
  const provider = dockerProvider(scope);
  const files = filesVolumeName(name);
  const volume = new Volume(scope, "Files", { provider, name: files, labels: labels("files") });
  const carrier = new Container(scope, "FileCarrier", {
    provider,
    name: files,
    image,
    start: false,
    mustRun: false,
    networkMode: "none",
    volumes: [{ volumeName: volume.name, containerPath: folder }],
    labels: labels("files"),
  });
  return { volume, carrier };
}

/** Has the container get files when it is made. */
export function carry({ carrier }: CarriedFiles, files: readonly BroughtFile[]): void {
  carrier.addOverride("upload", uploads(files));
}
