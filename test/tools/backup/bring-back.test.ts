import { describe, expect, it } from "vitest";
import { bringBack, stacksOf } from "../../../tools/backup/bring-back";
import { fakeProgram, recordOutput, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const DATABASE = {
  container: "db",
  database: "keycloak",
  servers: [{ container: "kc", image: "keycloak:26.4.7", port: 1 }],
  realms: [],
};

/** Brings back what these containers lack; gives the plans that Terraform made. */
async function run(status: Record<string, "true" | "false">) {
  const known = Object.entries(status).map(([name, runs]) => `*" ${name}") echo ${runs};;`);
  fakeProgram(folder.path, "docker", `case "$*" in ${known.join(" ")} *) echo "no such container" >&2; exit 1;; esac`);
  const terraform = fakeProgram(folder.path, "terraform", `case "$1" in plan) exit 2;; show) echo '{}';; esac`);
  const stacks = [
    stackOf({ docker_container: { Db: { name: "db" }, Api: { name: "api" } } }, folder.path, "one"),
    stackOf({ docker_container: { Kc: { name: "kc" } } }, folder.path, "two"),
    stackOf({ keycloak_realm: { R: {} } }, folder.path, "three"),
  ];
  const out = recordOutput();
  const work = stacksOf(stacks, DATABASE);
  await bringBack(sessionIn(folder.path, out), work, DATABASE, true);
  const targets = terraform.calls().flatMap((call) => (call.startsWith("plan") ? [call.match(/-target=\S+/g)] : []));
  return { work: work.map(({ name }) => name), targets, warned: out.warned };
}

describe("before a restore", () => {
  it("nothing is brought where all runs, nor for a server that only has to be started", async () => {
    for (const kc of ["true", "false"] as const) {
      expect(await run({ db: "true", kc })).toEqual({ work: ["one", "two"], targets: [], warned: [] });
    }
  });

  it("the containers that are gone come back, and no other", async () => {
    const { targets, warned } = await run({});
    expect(targets).toEqual([["-target=docker_container.Db"], ["-target=docker_container.Kc"]]);
    expect(warned).toEqual([
      "not there, or stopped: db, kc; bringing that back first, with an empty volume if that was lost",
    ]);
    expect((await run({ db: "false", kc: "true" })).targets).toEqual([["-target=docker_container.Db"]]);
  });
});
