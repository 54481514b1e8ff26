// examples/monitored: what Prometheus and Alertmanager tell of a real environment, and of what goes wrong in it.
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rules } from "../../constructs/monitoring/rules";
import { docker, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ruleTests, WATCHED } from "./monitoring/alert-cases";
import { CLUSTER, CLUSTER_CASES } from "./monitoring/cluster-cases";
import {
  alertIsTold,
  alertsBecome,
  Faults,
  firingAlerts,
  monitoredMain,
  writeEndingCertificate,
} from "./monitoring/faults";

const OWN = namesOf("monitored");
const PROMETHEUS = `${OWN.keycloak}-prometheus`;
/** A certificate ends in hours, from the beginning on. */
const SOON = "KeyEnds ending";

let folder: string;
let faults: Faults;
beforeAll(async () => {
  folder = makeProject(OWN, monitoredMain());
  writeEndingCertificate(folder, 20_000);
  const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  expect(stdout).toBe("HTTP 200 from http://machine-b:3000/api/protected\ncaller: machine-a");
  faults = new Faults(folder, OWN);
});
afterAll(() => takeDown(folder, OWN));

const query = async (expr: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> => {
  const url = `http://localhost:${OWN.keycloakPort + 5}/api/v1/query?${new URLSearchParams({ query: expr })}`;
  const answer = (await (await fetch(url)).json()) as { status: string; error?: string; data: { result: never } };
  if (answer.status !== "success") throw new Error(`${expr}: ${answer.error}`);
  return answer.data.result;
};

describe("the environment that is watched", () => {
  it("shows no change after up", async () => {
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("has figures of Keycloak and of the machine, and tells nothing but what ends soon", async () => {
    await faults.called(await faults.token("machine-a", faults.key("machine-a")), 200);
    expect(await alertsBecome(OWN, [SOON])).toEqual([SOON]);
    await sleep(11_000); // the next look
    const up = await query("up");
    expect(up.map(({ metric, value }) => `${metric.job} ${value[1]}`).sort()).toEqual([
      "keycloak 1",
      "machine 1",
      "prometheus 1",
    ]);
    const [granted] = await query('keycloak_user_events_total{client_id="machine-a", event="client_login", error=""}');
    expect(Number(granted!.value[1])).toBeGreaterThan(0);
    const [passed] = await query(`m2m_accepted_requests_total{caller="machine-a", machine="${OWN.machine}"}`);
    expect(Number(passed!.value[1])).toBeGreaterThan(0);
  });

  it("has a dashboard whose every query the real Prometheus takes", async () => {
    const file = join(folder, "cdktf.out/stacks/monitored/files/Monitoring/dashboard.json");
    const { panels } = JSON.parse(readFileSync(file, "utf8")) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const results = new Map<string, number>();
    for (const { title, targets } of panels) {
      for (const { expr } of targets) results.set(title, (await query(expr)).length);
    }
    // What has nothing to show yet: nobody was refused, and too few asked for the objectives to count.
    const empty = [...results].filter(([, count]) => count === 0).map(([title]) => title);
    expect(empty).toEqual(
      expect.not.arrayContaining(["Up", "Time left", "Tokens granted", "Who calls what", "Alerts"]),
    );
  });

  it("keeps nothing of a key or a token in its figures", async () => {
    const match = new URLSearchParams({ "match[]": '{__name__=~".+"}' });
    const stdout = await (await fetch(`http://localhost:${OWN.keycloakPort + 5}/api/v1/series?${match}`)).text();
    expect(stdout).not.toMatch(/eyJ|PRIVATE KEY/);
    expect(stdout).toContain("keycloak_user_events_total");
  });
});

describe("the rules", () => {
  it("are those that promtool finds right, in the container too", async () => {
    expect(await docker("exec", PROMETHEUS, "promtool", "check", "config", "/etc/prometheus/prometheus.yml")).toContain(
      "SUCCESS",
    );
    const routes = "/etc/alertmanager/alertmanager.yml";
    expect(await docker("exec", `${OWN.keycloak}-alertmanager`, "amtool", "check-config", routes)).toContain("SUCCESS");
  });

  it.each([
    ["a server", WATCHED, ruleTests()],
    ["a cluster", CLUSTER, ruleTests(CLUSTER, CLUSTER_CASES)],
  ])("of %s fire and keep quiet as each case says", async (_, watched, cases) => {
    writeFileSync(join(folder, "rules.yml"), JSON.stringify(rules(watched)));
    writeFileSync(join(folder, "cases.yml"), JSON.stringify(cases));
    const image = await docker("inspect", "--format", "{{.Config.Image}}", PROMETHEUS);
    const container = await docker("create", "--entrypoint", "promtool", image, "test", "rules", "/tmp/cases.yml");
    try {
      for (const file of ["rules.yml", "cases.yml"])
        await docker("cp", join(folder, file), `${container}:/tmp/${file}`);
      expect(await docker("start", "--attach", container)).toContain("SUCCESS");
    } finally {
      await docker("rm", "--force", container);
    }
  });
});

describe("m2m status", () => {
  it("says that all is well but for what ends soon", async () => {
    const { stdout, exitCode } = await m2m(folder, ["status"]);
    expect(stdout).toMatch(/^ {2}keycloak +up$/m);
    expect(stdout).toMatch(new RegExp(`^  ${OWN.machine} +up$`, "m"));
    expect(stdout).toMatch(/^ {2}sjwt-example machine-a +[1-9]\d* granted +0 refused$/m);
    expect(stdout).toMatch(new RegExp(`^  machine-a → ${OWN.machine} +[1-9]\\d* passed +0 refused$`, "m"));
    expect(stdout).toContain("warning  KeyEnds: the signing key ending ends in");
    expect(exitCode).toBe(2);
  });

  it("says the same to a program and in a page", async () => {
    const { servers, keys } = JSON.parse((await m2m(folder, ["status", "--json"])).stdout);
    expect(servers[0].parts.every(({ isUp }: { isUp: boolean }) => isUp)).toBe(true);
    expect(keys.map(({ name }: { name: string }) => name)).toContain("machine-a");
    await m2m(folder, ["status", "--html", "status.html"]);
    expect(readFileSync(join(folder, "status.html"), "utf8")).toContain("<caption");
  });
});

describe("what goes wrong", () => {
  it("is told within a minute, each fault by its own alert and nothing else", async () => {
    await Promise.all([
      faults.wrongKey(),
      faults.replay(),
      faults.clockOff(),
      faults.switchOff(),
      faults.takeScope(),
      faults.flood(),
    ]);
    const expected = [
      "AssertionsRefused clock-off",
      "AssertionsRefused replayed",
      "AssertionsRefused wrong-key",
      `BadTokens ${OWN.machine}`,
      `CallsNotGranted ${OWN.machine}`,
      "ClientDisabled switched-off",
      SOON,
    ];
    expect(await alertsBecome(OWN, expected)).toEqual(expected);
  });

  it("is told where the machine cannot fetch the realm's keys", async () => {
    // While Keycloak is down, and for what follows in the window, it is not told: so neither right after the start.
    const isThere = 'min_over_time(up{job="keycloak"}[3m]) == 1';
    await expect.poll(async () => (await query(isThere)).length, { timeout: 240_000, interval: 2_000 }).toBe(1);
    const before = await firingAlerts(OWN);
    await faults.hideKeycloak();
    const asking = setInterval(() => void faults.unknownKey().catch(() => undefined), 3_000);
    const told = await alertIsTold(OWN, `KeysNotFetched ${OWN.machine}`).finally(() => clearInterval(asking));
    await faults.showKeycloak();
    expect(told.filter((one) => !before.includes(one))).toEqual([`KeysNotFetched ${OWN.machine}`]);
  });

  it("is told where Keycloak is down, in place of what follows", async () => {
    const before = await firingAlerts(OWN);
    await docker("stop", "--time", "1", OWN.keycloak);
    const told = await alertIsTold(OWN, "KeycloakDown");
    expect(told.filter((one) => !before.includes(one))).toEqual(["KeycloakDown"]);
    expect(told).not.toContain(`KeysNotFetched ${OWN.machine}`);
    expect((await m2m(folder, ["status"])).stdout).toMatch(/^ {2}keycloak +DOWN$/m);
    await docker("start", OWN.keycloak);
    const isBack = 'up{job="keycloak"} == 1';
    await expect.poll(async () => (await query(isBack)).length, { timeout: 240_000, interval: 2_000 }).toBe(1);
  });

  it("is told where a certificate has ended, in place of that it ends soon", async () => {
    writeEndingCertificate(folder, -1);
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    const told = await alertIsTold(OWN, "KeyEnded ending");
    expect(told).toContain("KeyEnded ending");
    expect(told).not.toContain(SOON);
  });
});

describe("status of an environment whose Prometheus is gone", () => {
  it("says that, and what brings it back", async () => {
    await docker("stop", "--time", "1", PROMETHEUS);
    const { stdout, exitCode } = await m2m(folder, ["status"]);
    expect(stdout).toContain("`m2m up` brings a container back");
    expect(exitCode).toBe(2);
    rmSync(join(folder, "status.html"));
  });
});
