import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replace } from "../../../tools/backup/replace";
import { recordOutput, sessionIn, temporaryFolder } from "../parts";
import { fakeDocker } from "./parts";

const folder = temporaryFolder();
const DATABASE = { container: "db", database: "keycloak", realms: [] };

/** Replaces it where Docker is like this; gives the steps that change something. */
async function run(special = "", interruption?: AbortSignal, service?: { name: string; replicas: number }) {
  const docker = fakeDocker(folder.path, special);
  const out = recordOutput();
  const session = sessionIn(folder.path, out, interruption);
  const facts = { image: "keycloak:26.4.7", port: 1, dataVolume: "db-data" };
  const servers = service
    ? [{ container: "kc", ...facts, service }]
    : ["kc1", "kc2"].map((container) => ({ container, ...facts }));
  const place = { ...DATABASE, env: session.env };
  const bring = async (name: string) => void appendFileSync(join(folder.path, "docker.log"), `bring ${name}\n`);
  const failure = await replace(session, place, { ...DATABASE, servers }, ["keycloak_before_1"], bring).then(
    () => undefined,
    (error: unknown) => error,
  );
  const steps = docker
    .calls()
    .map((call) => call.replace(/.*--command=/, "").replaceAll(/\d{8}t\d{6}z/g, "TIME"))
    .filter((call) => !call.startsWith("container inspect"));
  return { steps, failure, warned: out.warned };
}

const SWAP =
  /ALTER DATABASE keycloak RENAME TO keycloak_before_TIME; ALTER DATABASE keycloak_restored RENAME TO keycloak$/;
const BACK =
  /ALTER DATABASE keycloak RENAME TO keycloak_restored; ALTER DATABASE keycloak_before_TIME RENAME TO keycloak$/;
const dropped = (name: string) => `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`;

describe("replacing the database", () => {
  it("stops the servers, swaps in one transaction, starts them one by one, and drops what was there before", async () => {
    const { steps, failure } = await run();
    expect(failure).toBeUndefined();
    const drops = [dropped("keycloak_before_TIME"), dropped("keycloak_before_1")];
    expect(steps).toEqual(["stop kc1", "stop kc2", expect.stringMatching(SWAP), "start kc1", "start kc2", ...drops]);
  });

  it("has a server that is gone made only then, when there is something in the database", async () => {
    const gone = `*inspect*kc2) test -f '${folder.path}/docker.log' && grep -q bring '${folder.path}/docker.log' && echo true || { echo "no such container" >&2; exit 1; };;`;
    const { steps } = await run(`*RestartCount*) echo 0 healthy;;\n${gone}`);
    expect(steps.slice(0, -2)).toEqual([
      "stop kc1",
      expect.stringMatching(SWAP),
      "start kc1",
      "bring kc2",
      "start kc2",
    ]);
  });

  it("stops and starts the service behind a balancer, one replica first, which brings the database to its schema", async () => {
    const { steps } = await run("", undefined, { name: "kc-servers", replicas: 3 });
    expect(steps.filter((step) => /kc-servers|start|stop/.test(step))).toEqual([
      "stop kc",
      "service inspect --format {{.ID}} kc-servers",
      "service scale kc-servers=0",
      "service ps --format {{.CurrentState}} kc-servers",
      "service scale kc-servers=1",
      "start kc", // machines are served from here on
      "service scale kc-servers=3",
    ]);
  });

  it("stops the servers of a balancer that is gone, too: they would fill what is put there", async () => {
    const gone = `*inspect*kc) test -f '${folder.path}/docker.log' && grep -q bring '${folder.path}/docker.log' && echo true || { echo "no such container" >&2; exit 1; };;`;
    const { steps } = await run(gone, undefined, { name: "kc-servers", replicas: 3 });
    expect(steps.filter((step) => /scale|RENAME|bring/.test(step))).toEqual([
      "service scale kc-servers=0",
      expect.stringMatching(SWAP),
      "bring kc",
      "service scale kc-servers=1",
      "service scale kc-servers=3",
    ]);
  });

  it("cuts off whoever is connected, as a name cannot change otherwise", async () => {
    const { steps } = await run();
    expect(steps[2]).toMatch(/^SELECT pg_terminate_backend\(pid\) .* IN \('keycloak', 'keycloak_before_TIME', /);
  });

  it("puts back what was there where Keycloak ends on the backup, and says so", async () => {
    const ends = `*RestartCount*kc1) n=$(grep -c "RestartCount.*kc1" '${folder.path}/docker.log'); test $n = 2 && echo 1 starting || echo 0 healthy;;`;
    const { steps, failure, warned } = await run(`${ends}\nlogs*) echo no such relation;;`);
    expect(steps.slice(2).filter((step) => !step.startsWith("logs"))).toEqual([
      expect.stringMatching(SWAP),
      "start kc1",
      "stop kc1",
      "stop kc2",
      expect.stringMatching(BACK),
      dropped("keycloak_restored"),
      "start kc1",
      "start kc2",
    ]);
    expect(warned).toEqual(["Keycloak does not start on the backup; putting back what was there before"]);
    expect(failure).toMatchObject({
      code: "restore-failed",
      message: expect.stringMatching(
        /^Keycloak did not start on the backup; what was there before is back, and Keycloak runs on it\. The reason:\nkc1 ended by itself[\s\S]*no such relation/,
      ),
    });
  });

  it("starts the servers again as they were where the swap fails", async () => {
    const { steps, failure, warned } = await run("*RENAME*) echo 'being accessed by other users' >&2; exit 1;;");
    expect(steps.slice(3)).toEqual(["start kc1", "start kc2", dropped("keycloak_restored")]);
    expect(warned).toEqual(["nothing was replaced; starting Keycloak again as it was"]);
    expect(failure).toMatchObject({ code: "database-failed" });
  });

  it("does the same after Ctrl-C while they stop", async () => {
    const { steps } = await run("", AbortSignal.abort());
    expect(steps).toEqual(["stop kc1", "stop kc2", "start kc1", "start kc2", dropped("keycloak_restored")]);
  });

  it("leaves the backup in place after Ctrl-C while they start, and says where the rest is", async () => {
    const interruption = new AbortController();
    setTimeout(() => interruption.abort(), 1_500);
    const { failure } = await run("*RestartCount*) echo 0 starting;;", interruption.signal);
    expect(failure).toMatchObject({
      code: "interrupted",
      message: expect.stringMatching(
        /^kc1 is still starting on the backup, which is in its place; what was there before is in the database keycloak_before_\w+ until the next restore$/,
      ),
    });
  });
});
