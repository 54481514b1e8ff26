import { createHash } from "node:crypto";
import { basename, dirname } from "node:path";
import { DataResource } from "cdktf";
import type { Construct } from "constructs";
import type { Container } from "../../.gen/providers/docker/container";
import { literal } from "../contract/terraform-text";
import { dockerProvider } from "./docker";

/** What a program in a container reads a secret file by: Docker gives files to root, and nobody else is in this group. */
export const READERS = "0";

/** A file that a container gets, and how it is named in there. */
export interface BroughtFile {
  /** Relative to the folder in which Terraform runs. */
  readonly source: string;
  readonly target: string;
  /** Of root and {@link READERS}: for everybody, or for the program alone. */
  readonly permissions: "0444" | "0440";
  /** Of what a public file holds. */
  readonly hash?: string;
}

/** What is to be brought into a running container, and when. */
export interface Renewal {
  readonly container: Container;
  readonly containerName: string;
  /** All of one folder. */
  readonly files: readonly BroughtFile[];
  /** Public facts that differ when the files do. */
  readonly triggers: Readonly<Record<string, string>>;
  /** A command in the container that follows, for its shell, as the user that it runs as. */
  readonly afterwards?: string;
}

/** What tells of a change of content, in a diff. */
export function fingerprint(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("base64url");
}

/**
 * The files as the Docker provider takes them when it makes the container. Paths may hold what Terraform would read.
 *
 * They are given no owner: Docker would look for the user that the container runs as on its own machine, and fail where that
 * machine has none of this id.
 */
export function uploads(files: readonly BroughtFile[]) {
  return files.map(({ source, target, permissions }) => ({ source: literal(source), file: target, permissions }));
}

/**
 * Brings renewed files into a container that runs. The Docker provider copies files only when it makes one: it looks at
 * their paths and not at what they hold. So that a diff shows a renewal, `terraform_data` remembers the public facts, and
 * copies when they change. All are there under other names before the first is in place, so that a program finds what fits
 * together.
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
  const copies = files.map(({ source, target }) => {
    return run(["docker", "cp", "-L", source], `${containerName}:${dirname(target)}/.${basename(target)}`);
  });
  new DataResource(scope, id, {
    triggersReplace: triggers,
    dependsOn: [container],
    provisioners: [
      ...copies,
      run(["docker", "exec", "--user", "0", containerName, "sh", "-c"], putInPlace(files)),
      ...(afterwards === undefined ? [] : [run(["docker", "exec", containerName, "sh", "-c"], afterwards)]),
    ],
  });
}

function putInPlace(files: readonly BroughtFile[]): string {
  const names = files.map(({ target, permissions }) => ({ name: basename(target), permissions }));
  return [
    `cd ${dirname(files[0]!.target)}`,
    ...names.map(({ name, permissions }) => `chmod ${permissions} .${name}`),
    ...names.map(({ name }) => `mv .${name} ${name}`),
  ].join(" && ");
}
