// examples/cluster: two servers as one, in a swarm of this machine.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Issuer } from "../../machines";
import { type Met, startLoad } from "./cluster/load";
import { answerTo, assertion, issuerAt, keyOf, replicasOf } from "./cluster/replicas";
import { ADMIN_PASSWORD, docker, dockerThings, m2m, makeProject, namesOf, takeDown, upRepairs } from "./environment";
import { removeLeftovers } from "./leftovers";
import { ROOT } from "./project";

const OWN = namesOf("cluster");
const SERVICE = `${OWN.keycloak}-servers`;
const PATIENCE_MS = 300_000;

const isManager = async () => (await docker("info", "--format", "{{.Swarm.ControlAvailable}}")) === "true";

let folder: string;
const issuers: Issuer[] = [];
beforeAll(async () => {
  const hadSwarm = await isManager();
  const main = readFileSync(join(ROOT, "examples", "cluster", "main.ts"), "utf8");
  const watched = 'new Monitoring(stack, "Monitoring", { server, scrapeSeconds: 5 });';
  const declared = main
    .replace('"../../constructs"', '"./constructs"')
    .replace("  PostgresDatabase,", "  Monitoring,\n  PostgresDatabase,")
    .replace("const outputs = {", `${watched}\n\n$&`);
  folder = makeProject(OWN, declared);
  if (!hadSwarm) {
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("run `docker swarm init --advertise-addr 127.0.0.1` first, or `m2m up --init-swarm`");
  }
  const { exitCode, stdout, stderr } = await m2m(folder, ["up", "--init-swarm"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe("HTTP 200 from https://machine-b:3000/api/protected\ncaller: machine-a");
  if (!hadSwarm) expect(stderr).toContain("this engine is a swarm of one node now");
});
afterAll(async () => {
  await Promise.all(issuers.map((issuer) => issuer.close()));
  await takeDown(folder, OWN);
  await removeLeftovers(["cluster"]);
});

/** The issuer at an address, for this file. */
function at(address: string): Issuer {
  const issuer = issuerAt(folder, address);
  issuers.push(issuer);
  return issuer;
}

describe("a cluster", () => {
  it("is called in every way, and shows no change", async () => {
    for (const options of [[], ["--online"], ["--bash"]]) {
      const { stdout, stderr } = await m2m(folder, ["call", ...options]);
      expect(stdout, stderr).toContain("HTTP 200\ncaller: machine-a");
    }
    const diff = await m2m(folder, ["diff", "--full"]);
    expect(diff.exitCode, diff.stdout).toBe(0);
  });

  it("is one: its servers share what was used and what was revoked", async () => {
    const { one, other, token } = await expectOneCluster();
    const both = await assertion(folder, "machine-a");
    const answers = await Promise.all([one, other].map((issuer) => answerTo(issuer, "machine-a", both)));
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400]);

    const isActive = async (issuer: Issuer) => {
      const path = "token/introspect";
      return (await answerTo(issuer, "machine-b", await assertion(folder, "machine-b"), { path, token })).body.active;
    };
    expect([await isActive(one), await isActive(other)]).toEqual([true, true]);
    await answerTo(one, "machine-a", await assertion(folder, "machine-a"), { path: "revoke", token });
    expect([await isActive(one), await isActive(other)]).toEqual([false, false]);
  });

  it("keeps private keys and password out of the state, of what is synthesized, and of Docker's view", async () => {
    const files = [".m2m", "cdktf.out/stacks/cluster/cdk.tf.json", "terraform.cluster.tfstate"];
    const { stdout } = await execa("grep", ["-r", "-h", "-a", "", ...files], { cwd: folder, maxBuffer: 2 ** 30 });
    const containers = (await replicasOf(SERVICE)).map(({ container }) => container);
    const seen = stdout + (await docker("inspect", OWN.keycloak, SERVICE, ...containers));
    expect(seen).not.toContain(ADMIN_PASSWORD);
    for (const name of readdirSync(join(folder, "certs")).filter((one) => one.endsWith(".key"))) {
      const pem = readFileSync(join(folder, "certs", name), "utf8");
      expect(seen.includes(pem.split("\n")[1]!), name).toBe(false);
      expect(seen.includes(Buffer.from(pem).toString("base64").slice(40, 100)), name).toBe(false);
    }
  });

  it("limits what its servers may do and take", async () => {
    for (const { container } of await replicasOf(SERVICE)) {
      const [{ HostConfig, Config }] = JSON.parse(await docker("inspect", container));
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Memory: 2048 * 2 ** 20 });
      expect(HostConfig.PortBindings ?? {}).toEqual({});
      expect(Config.User).toBe("1000:0");
      const list = await docker("exec", container, "ls", "-ln", "/opt/keycloak/conf/tls");
      expect(list).toMatch(/-r--r----- 1 1000 +0 .* tls\.key$/m);
    }
  });
});

describe("who looks at a cluster", () => {
  it("sees the logs of all its servers, and reads who was refused in them", async () => {
    const { stdout: logs } = await m2m(folder, ["logs"]);
    for (const slot of [1, 2])
      expect(logs).toMatch(new RegExp(`^${SERVICE}\\.${slot}\\..*INFO \\[org\\.keycloak`, "m"));
    const { stdout } = await m2m(folder, ["events", "--refused", "--json"]);
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ client: "machine-a", cause: "replay" }));
  });

  it("is told how many servers are ready, and if one is missing", async () => {
    await statusSays(/^ {2}keycloak +2 of 2 up$/m);
    await docker("service", "scale", "--detach", `${SERVICE}=1`);
    await statusSays(/warning {2}ReplicaDown: 1 of 2 servers of the cluster are ready/);
    expect((await m2m(folder, ["status"])).stdout).not.toContain("KeycloakDown");
    await docker("service", "scale", "--detach", `${SERVICE}=2`);
    await bothRun();
    await statusSays(/^alerts\n {2}none$/m);
  });
});

describe("machines that call meanwhile", () => {
  it("lose no call when a server is killed, and Swarm starts another", async () => {
    const met = await meanwhile(async () => {
      await sleep(3000);
      const [{ container } = { container: "" }] = await replicasOf(SERVICE);
      process.kill(Number(await docker("inspect", "--format", "{{.State.Pid}}", container)), "SIGKILL");
      await sleep(15_000);
    });
    tell("a killed server", met);
    expect(met.failed).toEqual([]);
    await bothRun();
  });

  it("find one cluster again when all servers were killed at once", async () => {
    await bothRun();
    for (const { container } of await replicasOf(SERVICE)) {
      process.kill(Number(await docker("inspect", "--format", "{{.State.Pid}}", container)), "SIGKILL");
    }
    await sleep(5000);
    await bothRun();
    await expectOneCluster();
  });

  it("lose no call in a rolling update, which a renewed certificate is", async () => {
    await bothRun();
    const before = (await replicasOf(SERVICE)).map(({ container }) => container);
    expect((await m2m(folder, ["certificates", "renew", OWN.keycloak, "--new-key"])).exitCode).toBe(0);
    const met = await meanwhile(() => upRepairs(folder));
    tell("a rolling update", met);
    expect(met.failed).toEqual([]);
    const after = (await replicasOf(SERVICE)).map(({ container }) => container);
    expect(after).toHaveLength(2);
    expect(after.filter((container) => before.includes(container))).toEqual([]);
    const secrets = (await docker("secret", "ls", "--format", "{{.Name}}")).split("\n");
    expect(secrets.filter((name) => name.startsWith(`${SERVICE}-`))).toHaveLength(3); // the former ones are gone
  });
});

it("is repaired when its service is gone", async () => {
  await docker("service", "rm", SERVICE);
  expect(await upRepairs(folder)).toContain("a container of this environment is gone");
});

it("is taken down without a trace", async () => {
  const { exitCode, stderr } = await m2m(folder, ["down", "--yes", "--destroy-data"]);
  expect(exitCode, stderr).toBe(0);
  expect(await dockerThings(OWN)).toEqual([]);
  for (const kind of ["service", "secret", "config"]) {
    expect(await docker(kind, "ls", "--filter", `name=${OWN.keycloak}`, "-q"), kind).toBe("");
  }
});

/** An assertion that one server took is refused by the other. */
async function expectOneCluster(): Promise<{ one: Issuer; other: Issuer; token: string }> {
  const [one, other] = (await replicasOf(SERVICE)).map(({ address }) => at(address));
  const signed = await assertion(folder, "machine-a");
  const { status, body } = await answerTo(one!, "machine-a", signed);
  expect(status).toBe(200);
  expect(await answerTo(other!, "machine-a", signed)).toMatchObject({
    status: 400,
    body: { error_description: "Token reuse detected" },
  });
  return { one: one!, other: other!, token: body.access_token as string };
}

/** What machines met that ask for tokens through the balancer while something happens. */
async function meanwhile(happens: () => Promise<unknown>): Promise<Met> {
  const signingKey = keyOf(folder, "machine-a");
  const issuer = at(`127.0.0.1:${OWN.keycloakPort}`);
  const load = startLoad(issuer, { clientId: "machine-a", signingKey, perSecond: 5, patient: true });
  try {
    await happens();
  } finally {
    await sleep(5000);
  }
  return await load.stop();
}

/** Waits until `m2m status` says something. */
async function statusSays(words: RegExp): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(2000)) {
    const { stdout } = await m2m(folder, ["status"]);
    if (words.test(stdout)) return;
    if (Date.now() > end) throw new Error(`m2m status does not say ${words}:\n${stdout}`);
  }
}

function tell(what: string, { calls, failed, longestGapMs, slowestMs }: Met): void {
  console.log(`${what}: ${failed.length} of ${calls} failed, longest gap ${longestGapMs} ms, slowest ${slowestMs} ms`);
}

/** Waits until as many servers are ready as there should be. */
async function bothRun(): Promise<void> {
  const isSo = async () => {
    const healthy = await docker("ps", "-q", "--filter", `name=${SERVICE}`, "--filter", "health=healthy");
    return healthy.split("\n").filter(Boolean).length === 2;
  };
  for (const end = Date.now() + PATIENCE_MS; !(await isSo()); await sleep(2000)) {
    if (Date.now() > end) throw new Error(`${SERVICE} has no two healthy servers after ${PATIENCE_MS / 1000} s`);
  }
}
