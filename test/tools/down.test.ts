import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { down } from "../../tools/commands/down";
import type { Stack } from "../../tools/project";
import type { State } from "../../tools/state";
import {
  fakeProgram,
  inState,
  recordOutput,
  sessionIn,
  stackOf,
  stateOf,
  temporaryFolder,
  writeManifest,
} from "./parts";

const folder = temporaryFolder();

const CONTAINER = inState("docker_container", "C", { name: "keycloak", id: "a1" });
const SERVER = { docker_container: { C: { name: "keycloak" } }, docker_volume: { V: { name: "data" } } };

/**
 * A project with these stacks and local states; in Docker the containers of these ids run, and under the names of the
 * stack above another checkout's container and volume are found.
 */
function project(
  stacks: Record<string, { resource?: Stack["json"]["resource"]; state?: State }>,
  running: string[] = [],
) {
  const out = recordOutput();
  const session = sessionIn(folder.path, out);
  const made = Object.entries(stacks).map(([name, { resource, state }]) => {
    const file = join(folder.path, `terraform.${name}.tfstate`);
    writeFileSync(file, state ? JSON.stringify({ version: 4, ...state }) : "");
    return stackOf(resource, join(session.project.outdir, "stacks", name), name, `../../../terraform.${name}.tfstate`);
  });
  writeManifest(session.project, made);
  const runs = running.map((id) => `*" ${id}") echo true;;`).join(" ");
  const docker = fakeProgram(
    folder.path,
    "docker",
    `case "$*" in "container ls"*) echo other keycloak;; "volume ls"*) echo data data;; ${runs} *) echo "Error: No such container: x" >&2; exit 1;; esac`,
  );
  // Each stack's Terraform works in its folder; after a destroy nothing is in the state.
  const terraform = fakeProgram(
    folder.path,
    "terraform",
    `stack=$(basename "$PWD"); state=../../../terraform.$stack.tfstate
echo "$stack $1" >>'${folder.path}/steps'
case "$1" in init) mkdir -p .terraform;; state) test "$2" != pull || cat $state;; destroy) echo '{"version":4}' >$state;; esac`,
  );
  return { session, out, docker, terraform, removals: () => docker.calls().filter((call) => call.includes(" rm ")) };
}

describe("down", () => {
  it("removes nothing that only has our label and the declared names: another checkout made it", async () => {
    const { session, removals, terraform } = project({ m2m: { resource: SERVER } });
    await down(session, { yes: true });
    expect(removals()).toEqual([]);
    expect(terraform.calls().filter((call) => call.startsWith("destroy"))).toEqual([]);
  });

  it("removes what the record of a killed run names and no state knows", async () => {
    const { session, removals } = project({ m2m: { resource: SERVER, state: stateOf(CONTAINER) } }, ["a1"]);
    mkdirSync(join(folder.path, ".m2m"));
    const things = [
      { kind: "container", name: "keycloak" },
      { kind: "volume", name: "data" },
    ];
    const file = join(folder.path, ".m2m", "attempt-m2m.json");
    writeFileSync(file, JSON.stringify({ pid: 999_999_999, started: "1", things, before: ["data"] }));
    // The container in Docker is not the one of the state, the volume was there before.
    await down(session, { yes: true });
    expect(removals()).toEqual(["container rm --force other"]);
    expect(existsSync(file)).toBe(false);
  });
});
