import { Construct } from "constructs";
import { Config } from "../../.gen/providers/docker/config";
import { labels } from "../contract/docker-names";
import { literal } from "../contract/terraform-text";
import { dockerProvider } from "./docker";
import { KEYCLOAK_UID } from "./keycloak-options";
import { type BroughtFile, READERS } from "./renewal";
import { SwarmSecret } from "./swarm-secret";

/** A file of a service, as the Docker provider takes it. */
interface Mounted {
  readonly fileName: string;
  readonly fileUid: string;
  readonly fileGid: string;
  readonly fileMode: number;
}

/**
 * The files of a service, on whichever node its replicas run: what everybody may read as configs of the swarm, and what is
 * secret as its secrets. Neither can be changed. Another content is another one, which the replicas get in a rolling update.
 */
export class ClusterFiles extends Construct {
  readonly configs: (Mounted & { readonly configId: string; readonly configName: string })[] = [];
  readonly secrets: (Mounted & { readonly secretId: string; readonly secretName: string })[] = [];

  constructor(
    scope: Construct,
    id: string,
    private readonly service: string,
  ) {
    super(scope, id);
  }

  /** @param triggers public facts that differ when one of the files does */
  add(files: readonly BroughtFile[], triggers: Readonly<Record<string, string>>): void {
    for (const file of files) {
      if (file.permissions === "0444") this.addConfig(file);
      else this.addSecret(file, triggers);
    }
  }

  private addConfig({ source, target, hash = "" }: BroughtFile): void {
    const config = new Config(this, idOf(target), {
      provider: dockerProvider(this),
      name: `${nameStart(this.service, target)}-${hash.slice(0, 8)}`,
      data: `\${filebase64(${JSON.stringify(literal(source))})}`,
      labels: labels("service"),
      lifecycle: { createBeforeDestroy: true }, // the service uses it until it has the new one
    });
    this.configs.push({ configId: config.id, configName: config.name, ...mounted(target, 0o444) });
  }

  private addSecret({ source, target }: BroughtFile, triggers: Readonly<Record<string, string>>): void {
    const { service } = this;
    const start = nameStart(service, target);
    const { secretId, secretName } = new SwarmSecret(this, idOf(target), {
      service,
      nameStart: start,
      source,
      triggers,
    });
    this.secrets.push({ secretId, secretName, ...mounted(target, 0o440) });
  }
}

function mounted(target: string, fileMode: number): Mounted {
  return { fileName: target, fileUid: KEYCLOAK_UID, fileGid: READERS, fileMode };
}

/** The name of the file, as constructs are named. */
function idOf(target: string): string {
  return fileNameOf(target)
    .split(/[.-]/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");
}

/** Docker takes names of 64 characters, and the part that differs has 9. */
function nameStart(service: string, target: string): string {
  const file = fileNameOf(target);
  return `${service.slice(0, 54 - file.length)}-${file}`;
}

function fileNameOf(target: string): string {
  return target.slice(target.lastIndexOf("/") + 1);
}
