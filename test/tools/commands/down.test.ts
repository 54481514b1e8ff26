import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { labels } from "../../../constructs/contract/docker-names";
import { withCode } from "../../../constructs/contract/provider-errors";
import { down } from "../../../tools/commands/down";

import type { Stack } from "../../../tools/project/project";
import type { State } from "../../../tools/project/state";
import type { DockerPart, Session } from "../../../tools/session";
import {
  fakeProgram,
  inState,
  keycloakProvider,
  recordOutput,
  sessionIn,
  stackOf,
  stateOf,
  temporaryFolder,
  writeManifest,
} from "../parts";

const folder = temporaryFolder();
type Provider = ReturnType<typeof keycloakProvider>;

const CONTAINER = inState("docker_container", "C", { name: "keycloak", id: "a1" });
const SERVER = { docker_container: { C: { name: "keycloak" } }, docker_volume: { V: { name: "data" } } };

/**
 * A project with these stacks and local states; in Docker the containers of these ids run, and under the names of the
 * stack above another checkout's container and volume are found.
 */
function project(
  stacks: Record<string, { resource?: Stack["json"]["resource"]; state?: State; keycloak?: Provider[] }>,
  running: string[] = [],
  destroy = ":",
) {
  const out = recordOutput();
  const session = sessionIn(folder.path, out);
  const made = Object.entries(stacks).map(([name, { resource, state, keycloak }]) => {
    const file = join(folder.path, `terraform.${name}.tfstate`);
    writeFileSync(file, state ? JSON.stringify({ version: 4, ...state }) : "");
    const cwd = join(session.project.outdir, "stacks", name);
    return stackOf(resource, cwd, name, `../../../terraform.${name}.tfstate`, keycloak);
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
case "$1" in init) mkdir -p .terraform;; state) test "$2" != pull || cat $state;; destroy) ${destroy}; echo '{"version":4}' >$state;; esac`,
  );
  return { session, out, docker, terraform, removals: () => docker.calls().filter((call) => call.includes(" rm ")) };
}

/** Without a terminal; gives what was asked to be brought. */
async function run(session: Session, yes = true, destroyData = false): Promise<("Terraform" | DockerPart)[]> {
  const asked: ("Terraform" | DockerPart)[] = [];
  const bringDocker = async (part: DockerPart) => {
    asked.push(part);
    return session;
  };
  await down(session.project, session.out, { yes, destroyData }, async () => {
    asked.push("Terraform");
    return { ...session, bringDocker };
  });
  return asked;
}

describe("down brings", () => {
  it("nothing where nothing was synthesized, and nothing where every state is empty", async () => {
    expect(await run(sessionIn(folder.path))).toEqual([]);
    const { session, docker, terraform } = project({ m2m: { resource: SERVER } });
    expect(await run(session)).toEqual([]);
    expect([...docker.calls(), ...terraform.calls()]).toEqual([]);
    expect(existsSync(session.project.outdir)).toBe(false);
  });

  it("nothing before it is confirmed", async () => {
    const { session } = project({ m2m: { resource: SERVER, state: stateOf(CONTAINER) } });
    await expect(run(session, false)).rejects.toMatchObject({ code: "not-confirmed" });
  });

  it("nothing where data is protected, unless it is to be destroyed too", async () => {
    const volume = { name: "database-data", labels: labels("data"), lifecycle: { prevent_destroy: true } };
    const resource = { docker_volume: { V: volume } };
    const known = inState("docker_volume", "V", { name: "database-data", id: "database-data" });
    const { session, terraform } = project({ m2m: { resource, state: stateOf(known) } });
    await expect(run(session)).rejects.toMatchObject({
      code: "data-protected",
      message: expect.stringContaining("(volume database-data)"),
    });
    expect(terraform.calls()).toEqual([]);
    expect(await run(session, true, true)).toEqual(["Terraform", "engine"]);
    expect(terraform.calls().some((call) => call.startsWith("destroy"))).toBe(true);
  });

  it("no refusal where the protected data was never made", async () => {
    const volume = { name: "database-data", labels: labels("data"), lifecycle: { prevent_destroy: true } };
    const { session } = project({ m2m: { resource: { docker_volume: { V: volume } }, state: stateOf(CONTAINER) } }, [
      "a1",
    ]);
    expect(await run(session)).toEqual(["Terraform", "engine"]);
  });

  it("no images, and Docker only where something of it is declared or in the state", async () => {
    const { session } = project({ m2m: { resource: {}, state: stateOf(CONTAINER) } }, ["a1"]);
    expect(await run(session)).toEqual(["Terraform", "engine"]);
    const realm = project({ m2m: { resource: {}, state: stateOf(inState("keycloak_realm", "R", {})) } });
    expect(await run(realm.session)).toEqual(["Terraform"]);
  });
});

describe("down", () => {
  it("removes nothing that only has our label and the declared names: another checkout made it", async () => {
    const { session, removals, terraform } = project({ m2m: { resource: SERVER } });
    await run(session);
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
    await run(session);
    expect(removals()).toEqual(["container rm --force other"]);
    expect(existsSync(file)).toBe(false);
  });
});

describe("the state file of a stack", () => {
  const here = () => readdirSync(folder.path).filter((name) => name.includes("tfstate"));

  it("goes with all its copies once nothing is left in it, by its absolute path too", async () => {
    const { session } = project({ m2m: { resource: SERVER, state: stateOf(CONTAINER) } }, ["a1"]);
    const file = join(folder.path, "terraform.m2m.tfstate");
    writeManifest(session.project, [stackOf(SERVER, join(session.project.outdir, "stacks", "m2m"), "m2m", file)]);
    for (const copy of ["backup", "1764028800.backup"]) writeFileSync(`${file}.${copy}`, "{}");
    writeFileSync(join(folder.path, "terraform.other.tfstate.backup"), "{}");
    await run(session);
    expect(here()).toEqual(["terraform.other.tfstate.backup"]);
  });

  it("stays while something is left in it", async () => {
    const left = `echo '${JSON.stringify({ version: 4, ...stateOf(CONTAINER) })}' >$state; exit 0`;
    const { session } = project({ m2m: { resource: SERVER, state: stateOf(CONTAINER) } }, ["a1"], left);
    writeFileSync(join(folder.path, "terraform.m2m.tfstate.backup"), "{}");
    await run(session);
    expect(here()).toEqual(["terraform.m2m.tfstate", "terraform.m2m.tfstate.backup"]);
  });
});

describe("down where a server is gone", () => {
  const SERVER = { docker_container: { C: { name: "keycloak", ports: [{ internal: 8080, external: 18080 }] } } };
  const CONTAINER = inState("docker_container", "C", { ...SERVER.docker_container.C, id: "a1" });
  const OWN = keycloakProvider("Keycloak", "http://localhost:18080");
  const ELSEWHERE = keycloakProvider("Sso", "http://127.0.0.1:1");
  const realm = (name: string, alias: string) =>
    inState("keycloak_realm", name, {}, `provider["registry.terraform.io/keycloak/keycloak"].${alias}`);
  const forgotten = (calls: string[]) => calls.filter((call) => call.startsWith("state rm"));

  it("forgets what it held in the stacks that depend on it", async () => {
    const { session, terraform } = project({
      server: { resource: SERVER, state: stateOf(CONTAINER) },
      realm: { resource: {}, state: stateOf(realm("R", "Keycloak")), keycloak: [OWN] },
    });
    await run(session);
    expect(forgotten(terraform.calls())).toEqual(["state rm keycloak_realm.R"]);
  });

  it("keeps what another server holds, and forgets nothing of one that runs", async () => {
    const state = stateOf(CONTAINER, realm("R", "Keycloak"), realm("S", "Sso"));
    const stacks = { m2m: { resource: SERVER, state, keycloak: [OWN, ELSEWHERE] } };
    const lost = project(stacks);
    await run(lost.session);
    expect(forgotten(lost.terraform.calls())).toEqual(["state rm keycloak_realm.R"]);
    const runs = project(stacks, ["a1"]);
    await run(runs.session);
    expect(forgotten(runs.terraform.calls())).toEqual([]);
  });

  it("names the command that forgets the entries of a server elsewhere", async () => {
    const stacks = { m2m: { resource: {}, state: stateOf(realm("S", "Sso")), keycloak: [ELSEWHERE] } };
    const { session, terraform } = project(stacks, [], "echo 'connection refused' >&2; exit 1");
    const stackFolder = join(session.project.outdir, "stacks", "m2m");
    await expect(run(session)).rejects.toMatchObject({
      code: "terraform-failed",
      message: expect.stringContaining(
        `http://127.0.0.1:1 does not answer. Start it and run \`m2m down\` again. If it is gone for good, forget what it held first:\n  (cd ${stackFolder} && ${session.terraformBinary} state rm keycloak_realm.S)`,
      ),
    });
    expect(forgotten(terraform.calls())).toEqual([]);
  });
});

describe("down where nobody can sign in", () => {
  const SERVER = { docker_container: { C: { name: "keycloak", ports: [{ internal: 8080, external: 18080 }] } } };
  const CONTAINER = inState("docker_container", "C", { ...SERVER.docker_container.C, id: "a1" });
  const REALM = inState("keycloak_realm", "R", {}, 'provider["registry.terraform.io/keycloak/keycloak"].Keycloak');
  const OWN = keycloakProvider("Keycloak", "http://localhost:18080");
  const ELSEWHERE = keycloakProvider("Keycloak", "http://127.0.0.1:1");
  const refuses = (words: string) => `case "$*" in *-refresh=false*) :;; *) echo '${words}' >&2; exit 1;; esac`;
  const steps = (calls: string[]) => calls.filter((call) => /^(state rm|destroy)/.test(call));

  it.each([
    withCode("Keycloak refused the login of client terraform", "sign-in-refused"),
    withCode("password must be set beside username", "sign-in-incomplete"),
    "error initializing keycloak provider",
  ])("removes what a server of its own holds with the server: %s", async (words) => {
    const stacks = { m2m: { resource: SERVER, state: stateOf(CONTAINER, REALM), keycloak: [OWN] } };
    const { session, out, terraform } = project(stacks, ["a1"], refuses(words));
    await run(session);
    expect(steps(terraform.calls())).toEqual([
      expect.stringMatching(/^destroy /),
      "state rm keycloak_realm.R",
      expect.stringMatching(/^destroy .*-refresh=false/),
    ]);
    expect(out.warned).toEqual(["nobody can sign in to Keycloak here; what it holds is removed with its volume"]);
  });

  it("keeps what a server elsewhere holds, and everything after another error", async () => {
    const elsewhere = { m2m: { resource: {}, state: stateOf(REALM), keycloak: [ELSEWHERE] } };
    const own = { m2m: { resource: SERVER, state: stateOf(CONTAINER, REALM), keycloak: [OWN] } };
    for (const [stacks, words] of [
      [elsewhere, withCode("Keycloak refused the login of client terraform", "sign-in-refused")],
      [own, "disk full"],
    ] as const) {
      const { session, terraform } = project(stacks, ["a1"], refuses(words));
      await expect(run(session)).rejects.toMatchObject({ code: "terraform-failed" });
      expect(steps(terraform.calls())).toEqual([expect.stringMatching(/^destroy /)]);
    }
  });
});
