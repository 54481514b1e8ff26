// examples/production: PostgreSQL, https, and containers that may do no more than they need.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, dockerThings, m2m, makeProject, namesOf, takeDown, upRepairs } from "./environment";
import { alertIsTold, firingAlerts } from "./monitoring/faults";
import { ROOT } from "./project";

const OWN = namesOf("production");
const DATABASE = `${OWN.keycloak}-database`;
const CONTAINERS = [OWN.keycloak, DATABASE, OWN.machine];
/** How long a server may take to be back on a busy machine. */
const PATIENCE_MS = 240_000;

let folder: string;
beforeAll(async () => {
  folder = makeProject(OWN, monitored(readFileSync(join(ROOT, "examples", "production", "main.ts"), "utf8")));
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe("HTTP 200 from https://machine-b:3000/api/protected\ncaller: machine-a");
});
afterAll(() => takeDown(folder, OWN));

/** It is watched, too. */
function monitored(main: string): string {
  return main
    .replace('"../../constructs"', '"./constructs"')
    .replace("  MachineContainer,", "$&\n  Monitoring,")
    .replace("const outputs", 'new Monitoring(stack, "Monitoring", { server });\n\n$&');
}

describe("the environment for production", () => {
  it("is called in every way, and shows no change", async () => {
    for (const options of [[], ["--online"], ["--bash"]]) {
      const { stdout, stderr } = await m2m(folder, ["call", ...options]);
      expect(stdout, stderr).toContain("HTTP 200\ncaller: machine-a");
    }
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it.each(CONTAINERS)("has %s limited in what it may do and take", async (name) => {
    const [{ HostConfig, Config, Mounts }] = JSON.parse(await docker("inspect", name));
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      CapAdd: null,
      Privileged: false,
      SecurityOpt: ["no-new-privileges"],
      RestartPolicy: { Name: "unless-stopped" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "5" } },
    });
    const megabytes = { [OWN.keycloak]: 2048, [DATABASE]: 1024, [OWN.machine]: 256 }[name]!;
    expect([HostConfig.Memory, HostConfig.MemorySwap]).toEqual([megabytes * 2 ** 20, megabytes * 2 ** 20]);
    expect(Config.User).toMatch(/^(1000|999):0$/);
    expect(Config.StopTimeout).toBe(60);
    const addresses = Object.values(HostConfig.PortBindings ?? {}).flatMap((all) => all as { HostIp: string }[]);
    expect(addresses.map(({ HostIp }) => HostIp)).toEqual(name === DATABASE ? [] : ["127.0.0.1"]);
    expect(Mounts.every(({ Type }: { Type: string }) => Type === "volume")).toBe(true);
  });

  it("lets no program write to its root file system, nor be root", async () => {
    for (const name of CONTAINERS) {
      const { all, exitCode } = await execa("docker", ["exec", name, "sh", "-c", "id -u && echo x > /x"], {
        reject: false,
        all: true,
      });
      expect(exitCode).not.toBe(0);
      expect(all).toContain("Read-only file system");
      expect(all).toMatch(/^(1000|999)$/m);
    }
  });

  it("keeps every private key out of what is synthesized, of the state, and of Docker's view", async () => {
    const keys = readdirSync(join(folder, "certs")).filter((name) => name.endsWith(".key"));
    expect(keys.length).toBe(8);
    const files = [".m2m", "cdktf.out", "terraform.production.tfstate"];
    const { stdout: all } = await execa("grep", ["-r", "-h", "-a", "", ...files], { cwd: folder, maxBuffer: 2 ** 30 });
    const seen = all + (await docker("inspect", ...CONTAINERS));
    for (const name of keys) {
      const bytes = readFileSync(join(folder, "certs", name), "utf8").split("\n")[1]!;
      expect(seen.includes(bytes), name).toBe(false);
    }
    const der = (await execa("find", ["cdktf.out", "-name", "*.der"], { cwd: folder })).stdout.split("\n");
    expect(der).toHaveLength(1);
    expect(statSync(join(folder, der[0]!)).mode & 0o777).toBe(0o600);
  });

  it("has Keycloak sign in to PostgreSQL by its certificate over TLS 1.3, and nobody by a password", async () => {
    const query =
      "select distinct ssl, version, client_dn from pg_stat_ssl join pg_stat_activity using (pid) where usename = 'keycloak'";
    const ask = ["exec", DATABASE, "psql", "--username=postgres", "--tuples-only", "--no-align"];
    expect(await docker(...ask, "--command", query, "keycloak")).toBe(`t|TLSv1.3|/CN=${DATABASE}-client`);
    const other = ["exec", DATABASE, "psql", `host=${DATABASE} user=keycloak dbname=keycloak password=x`];
    await expect(docker(...other)).rejects.toThrow(/certificate|pg_hba/);
  });
});

describe("renewed certificates", () => {
  it("reach Keycloak, PostgreSQL and the machine without a new container", async () => {
    const ids = () => docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", ...CONTAINERS);
    const before = await ids();
    const shown = () => readFileSync(join(folder, "certs", `${DATABASE}-tls.crt`), "utf8");
    const old = shown();
    expect((await m2m(folder, ["certificates", "renew", "--all", "--new-key"])).exitCode).toBe(0);
    expect(shown()).not.toBe(old);
    expect(await upRepairs(folder)).not.toContain("gone");
    expect(await ids()).toBe(before);
    // A new connection needs what both sides have now.
    await docker(
      ...["exec", DATABASE, "psql", "--username=postgres", "--command"],
      "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'keycloak'",
    );
    await answers();
  });
});

describe("a process that is killed", () => {
  it.each([
    [OWN.keycloak, "java"],
    [DATABASE, "postgres"],
  ])("%s is started again by Docker, with all that it held", async (name, program) => {
    const started = () => docker("inspect", "--format", "{{.State.StartedAt}}", name);
    const before = await started();
    const { stdout } = await execa("docker", ["inspect", "--format", "{{.State.Pid}}", name]);
    expect(readFileSync(`/proc/${stdout}/cmdline`, "utf8")).toMatch(new RegExp(`kc.sh|${program}`));
    process.kill(Number(stdout), "SIGKILL");
    await waitFor(async () => (await started()) !== before);
    await answers();
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

describe("a database that is away", () => {
  it.each([
    ["is stopped", "stop", "start"],
    ["does not answer", "pause", "unpause"],
  ])("is told within a minute, and nothing that follows from it, where it %s", async (_, take, give) => {
    const before = await firingAlerts(OWN);
    await docker(take, DATABASE);
    let isAway = true;
    const asking = (async () => {
      while (isAway) await m2m(folder, ["call", "--online"]); // machines go on asking
    })();
    const told = await alertIsTold(OWN, "DatabaseDown");
    const { stderr } = await m2m(folder, ["events"]);
    await docker(give, DATABASE);
    isAway = false;
    await asking;
    expect(told.filter((one) => !before.includes(one))).toEqual(["DatabaseDown"]);
    expect(stderr).toContain("so it cannot serve now");
    await answers();
    await waitFor(async () => !(await firingAlerts(OWN)).includes("DatabaseDown"));
  });
});

describe("down", () => {
  it("destroys no data by the way", async () => {
    const before = await dockerThings(OWN);
    const { exitCode, stderr } = await m2m(folder, ["down", "--yes"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`this would destroy data that is protected (volume ${DATABASE}-data)`);
    expect(await dockerThings(OWN)).toEqual(before);
  });

  it("leaves nothing where the data is to be destroyed too", async () => {
    const { exitCode, stderr } = await m2m(folder, ["down", "--yes", "--destroy-data"]);
    expect(exitCode, stderr).toBe(0);
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

/** Waits until machine-a's call is answered, over new connections. */
async function answers(): Promise<void> {
  let said = "";
  const isAnswered = async () => {
    const { stdout, stderr } = await m2m(folder, ["call", "--online"]);
    said = stderr;
    return stdout.startsWith("HTTP 200");
  };
  await waitFor(isAnswered).catch(async (error: Error) => {
    const { all } = await execa("docker", ["logs", "--tail", "20", DATABASE], { all: true });
    throw new Error(`${error.message}\n${said}\n${all}`);
  });
}

async function waitFor(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; !(await holds()); await sleep(1000)) {
    if (Date.now() > end) throw new Error(`not so after ${PATIENCE_MS / 1000} s: ${holds}`);
  }
}
