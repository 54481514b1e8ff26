import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  beginAttempt,
  endAttempt,
  findLeftovers,
  halfMadeInKeycloak,
  noteInKeycloak,
  refuseWhileBusy,
} from "../../../tools/deploy/interrupted";
import { fakeProgram, inState, recordOutput, sessionIn, stackOf, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const record = () => join(folder.path, ".m2m", "attempt-m2m.json");

const RESOURCES = {
  docker_container: { C: { name: "keycloak" } },
  docker_network: { N: { name: "net" } },
  docker_volume: { V: { name: "data" } },
};
const stack = () => stackOf(RESOURCES, folder.path, "m2m", "terraform.m2m.tfstate");

/** Docker with these things, each as its id and name, and a state that knows some by their ids. */
function session(
  there: { container?: string; network?: string; volume?: string },
  known: string[] = [],
  locked = false,
) {
  const answers = Object.entries(there).map(([kind, line]) => `"${kind} ls "*) echo ${line};;`);
  const docker = fakeProgram(folder.path, "docker", `case "$*" in ${answers.join(" ")} *) ;; esac`);
  const state = stateOf(...known.map((id) => inState("docker_container", "C", { name: "keycloak", id })));
  writeFileSync(join(folder.path, "pulled"), JSON.stringify({ version: 4, ...state }));
  const lock = locked ? "echo 'Error: Error acquiring the state lock' >&2; exit 1" : "exit 0";
  const script = `case "$1" in untaint) ${lock};; state) cat '${join(folder.path, "pulled")}';; esac`;
  const terraform = fakeProgram(folder.path, "terraform", script);
  const out = recordOutput();
  const removals = () => docker.calls().filter((call) => call.includes(" rm "));
  return { opened: sessionIn(folder.path, out), out, removals, terraform };
}

/** The record of a run that was killed: its process is no more. */
async function killed(there: Parameters<typeof session>[0] = {}): Promise<void> {
  await beginAttempt(session(there).opened, stack());
  const attempt = JSON.parse(readFileSync(record(), "utf8"));
  writeFileSync(record(), JSON.stringify({ ...attempt, pid: 999_999_999, started: "1" }));
}

/** The record of a run whose process, another than this one, lives. */
async function living(): Promise<{ pid: number; end(): void }> {
  const other = spawn("sleep", ["60"]);
  await once(other, "spawn");
  const started = readFileSync(`/proc/${other.pid}/stat`, "utf8").split(" ")[21];
  mkdirSync(join(folder.path, ".m2m"));
  writeFileSync(record(), JSON.stringify({ pid: other.pid, started, things: [], before: [] }));
  return { pid: other.pid!, end: () => other.kill() };
}

describe("before an apply", () => {
  it("writes down what will be made and what is there already, which it gives", async () => {
    const { there } = await beginAttempt(session({ network: "b2 net" }).opened, stack());
    expect(there).toEqual([{ kind: "network", name: "net", id: "b2" }]);
    expect(JSON.parse(readFileSync(record(), "utf8"))).toMatchObject({
      pid: process.pid,
      things: [
        { kind: "container", name: "keycloak" },
        { kind: "network", name: "net" },
        { kind: "volume", name: "data" },
      ],
      before: ["b2"],
    });
  });

  it("is removed once the apply has ended; a second removal does nothing", async () => {
    const { opened } = session({});
    await beginAttempt(opened, stack());
    endAttempt(opened, stack());
    endAttempt(opened, stack());
    expect(existsSync(record())).toBe(false);
  });
});

describe("after a run that was killed", () => {
  it("removes what appeared since then and is not in the state", async () => {
    await killed();
    const { opened, out, removals } = session({ container: "a1 keycloak", volume: "data data" });
    await beginAttempt(opened, stack());
    expect(removals()).toEqual(["container rm --force a1", "volume rm data"]);
    expect(out.warned).toEqual(["removing what an interrupted run left: container keycloak, volume data"]);
  });

  it("leaves what the state knows, and what was there before that run", async () => {
    await killed({ volume: "data data" });
    const { opened, removals } = session({ container: "a1 keycloak", volume: "data data" }, ["a1"]);
    await beginAttempt(opened, stack());
    expect(removals()).toEqual([]);
  });

  it("removes a container that took the name of one the state knows", async () => {
    await killed({ container: "a1 keycloak" });
    expect(await findLeftovers(session({ container: "a2 keycloak" }, ["a1"]).opened, stack())).toEqual([
      { kind: "container", name: "keycloak", id: "a2" },
    ]);
  });

  it("tells what that run may have made in Keycloak, and keeps it until a run ends", async () => {
    const { opened } = session({});
    await beginAttempt(opened, stack());
    await noteInKeycloak(opened, stack(), ["keycloak_realm.R"]);
    const attempt = JSON.parse(readFileSync(record(), "utf8"));
    writeFileSync(record(), JSON.stringify({ ...attempt, pid: 999_999_999, started: "1" }));
    expect((await beginAttempt(opened, stack())).inKeycloak).toEqual(["keycloak_realm.R"]);
    expect(halfMadeInKeycloak(opened, stack())).toEqual(["keycloak_realm.R"]);
    endAttempt(opened, stack());
    expect(halfMadeInKeycloak(opened, stack())).toEqual([]);
  });

  it("removes nothing without a record, or with a record in another form", async () => {
    const { opened, terraform } = session({ container: "a1 keycloak", volume: "data data" });
    expect(await findLeftovers(opened, stack())).toEqual([]);
    expect(terraform.calls()).toEqual([]);
    mkdirSync(join(folder.path, ".m2m"));
    writeFileSync(record(), JSON.stringify([{ kind: "container", name: "keycloak" }]));
    expect(await findLeftovers(opened, stack())).toEqual([]);
  });
});

describe("while another run is at work", () => {
  const BUSY = expect.objectContaining({ code: "busy" });

  it("nothing is removed and nothing begins, as its process is alive", async () => {
    const other = await living();
    try {
      const before = readFileSync(record(), "utf8");
      const { opened, removals } = session({ container: "a1 keycloak" });
      expect(() => refuseWhileBusy(opened.project)).toThrow(
        `another run, process ${other.pid}, is at work on stack m2m; wait for it to end, or end it, and try again`,
      );
      await expect(beginAttempt(opened, stack())).rejects.toEqual(BUSY);
      await expect(findLeftovers(opened, stack())).rejects.toEqual(BUSY);
      expect(removals()).toEqual([]);
      expect(readFileSync(record(), "utf8")).toBe(before);
    } finally {
      other.end();
    }
  });

  it("another process of the same number is not taken for it", async () => {
    const other = await living();
    try {
      const attempt = JSON.parse(readFileSync(record(), "utf8"));
      writeFileSync(record(), JSON.stringify({ ...attempt, started: "1" }));
      const { opened } = session({});
      refuseWhileBusy(opened.project);
      await beginAttempt(opened, stack());
    } finally {
      other.end();
    }
  });

  it("nothing is removed while its Terraform still holds the state", async () => {
    await killed();
    const { opened, removals } = session({ container: "a1 keycloak" }, [], true);
    await expect(beginAttempt(opened, stack())).rejects.toEqual(BUSY);
    expect(removals()).toEqual([]);
  });

  it("Terraform is asked if there is only a lock file: a killed Terraform leaves one too", async () => {
    writeFileSync(join(folder.path, ".terraform.m2m.tfstate.lock.info"), "{}");
    await expect(beginAttempt(session({}, [], true).opened, stack())).rejects.toEqual(BUSY);
    const { opened, terraform } = session({});
    await beginAttempt(opened, stack());
    expect(terraform.calls()).toEqual(["untaint -allow-missing -no-color none.none"]);
  });
});
