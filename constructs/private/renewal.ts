import { createHash } from "node:crypto";
import { DataResource } from "cdktf";
import type { Construct } from "constructs";
import type { Container } from "../../.gen/providers/docker/container";
import { literal } from "../contract/terraform-text";
import { dockerProvider } from "./docker";

/** A file that a container gets, and how it is named in there. */
export interface BroughtFile {
  /** Relative to the folder in which Terraform runs. */
  readonly source: string;
  readonly target: string;
  readonly permissions: string;
}

/** What is to be brought into a running container, and when. */
export interface Renewal {
  readonly container: Container;
  readonly containerName: string;
  readonly files: readonly BroughtFile[];
  /** Public facts that differ when the files do. */
  readonly triggers: Readonly<Record<string, string>>;
  /** A command in the container that follows, for its shell. */
  readonly afterwards?: string;
}

/** What tells of a change of content, in a diff. */
export function fingerprint(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("base64url");
}

/** The files as the Docker provider takes them when it makes the container. Paths may hold what Terraform would read. */
export function uploads(files: readonly BroughtFile[], owner: string) {
  return files.map(({ source, target, permissions }) => ({
    source: literal(source),
    file: target,
    owner,
    permissions,
  }));
}

/**
 * Brings renewed files into a container that runs. The Docker provider copies files only when it makes one: it looks at
 * their paths and not at what they hold. So that a diff shows a renewal, `terraform_data` remembers the public facts, and
 * copies when they change. `docker cp -a` gives the files to the user that the container runs as.
 */
export function bringRenewed(scope: Construct, id: string, renewal: Renewal): void {
  const { container, containerName, files, triggers, afterwards } = renewal;
  const { host } = dockerProvider(scope);
  const environment = host === undefined ? undefined : { DOCKER_HOST: host };
  const run = (interpreter: string[], command: string) => {
    // Without a shell: a path may hold whatever paths hold.
    return {
      type: "local-exec" as const,
      interpreter: interpreter.map(literal),
      command: literal(command),
      environment,
    };
  };
  new DataResource(scope, id, {
    triggersReplace: triggers,
    dependsOn: [container],
    provisioners: [
      ...files.map(({ source, target }) => run(["docker", "cp", "-aL", source], `${containerName}:${target}`)),
      ...(afterwards === undefined ? [] : [run(["docker", "exec", containerName, "sh", "-c"], afterwards)]),
    ],
  });
}
