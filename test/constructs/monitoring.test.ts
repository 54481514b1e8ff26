import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  KeycloakServer,
  MachineContainer,
  Monitoring,
  type MonitoringProps,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
} from "../../constructs";
import { fixedKey, inTemporaryProject, messageOf, newApp, newStack, synth } from "./project";

inTemporaryProject();

function declared(props: Partial<MonitoringProps> = {}, stack = newStack()) {
  const server = new KeycloakServer(stack, "Keycloak");
  const monitoring = new Monitoring(stack, "Monitoring", { server, ...props });
  // What is watched may be declared later.
  const realm = new Realm(stack, "Realm", { server, realmName: "sjwt" });
  const signingKey = fixedKey(stack, "machine-a", "Key");
  const client = new SignedJwtClient(stack, "MachineA", { realm, clientId: "machine-a", signingKey });
  return { stack, server, monitoring, realm, client, signingKey };
}

type Json = ReturnType<typeof synth>;
const container = (json: Json, name: string) =>
  Object.values(json.resource.docker_container!).find((one) => one.name === name)!;
const uploaded = (json: Json, name: string, file: string) => {
  const { content } = container(json, name).upload.find((one: { file: string }) => one.file === file);
  return JSON.parse(content.replaceAll("$${", "${"));
};
const rulesIn = (json: Json) =>
  uploaded(json, "keycloak-prometheus", "/etc/prometheus/rules.yml").groups.flatMap(
    (group: { rules: object[] }) => group.rules,
  );

describe("the containers", () => {
  it("are in the server's network, with few rights, and published on this machine alone", () => {
    const { stack } = declared();
    const json = synth(stack);
    for (const [name, port] of [
      ["keycloak-prometheus", 9090],
      ["keycloak-alertmanager", 9093],
    ] as const) {
      expect(container(json, name)).toMatchObject({
        user: "65534",
        capabilities: { drop: ["ALL"] },
        security_opts: ["no-new-privileges"],
        ports: [{ internal: port, external: port, ip: "127.0.0.1" }],
        networks_advanced: [{ name: expect.stringContaining("docker_network.") }],
        wait: true,
      });
    }
  });

  it("have the official images, or others", () => {
    expect(container(synth(declared().stack), "keycloak-prometheus").image).toMatch(
      /^quay\.io\/prometheus\/prometheus:v/,
    );
    const json = synth(declared({ prometheusImage: "p:1", alertmanagerImage: "a:1" }).stack);
    expect([container(json, "keycloak-prometheus").image, container(json, "keycloak-alertmanager").image]).toEqual([
      "p:1",
      "a:1",
    ]);
  });

  it("take other ports, by a prop or the context", () => {
    const app = newApp();
    app.node.setContext("m2m:prometheusPort", 19_090);
    const { monitoring } = declared({ alertmanagerPort: 19_093 }, new TerraformStack(app, "ports"));
    expect([monitoring.prometheusUrl, monitoring.alertmanagerUrl]).toEqual([
      "http://localhost:19090",
      "http://localhost:19093",
    ]);
  });
});

describe("Keycloak", () => {
  it("counts events by client, and logs JSON", () => {
    const { stack } = declared({ latencyMilliseconds: 250 });
    const { command } = container(synth(stack), "keycloak");
    expect(command).toEqual(
      expect.arrayContaining([
        "--event-metrics-user-tags=realm,clientId",
        "--http-metrics-slos=250",
        "--log-console-output=json",
      ]),
    );
  });

  it("is built for it, also where it runs as for experiments", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak", { mode: "dev" });
    new Monitoring(stack, "Monitoring", { server });
    const needed = ["--metrics-enabled=true", "--event-metrics-user-enabled=true"];
    expect(container(synth(stack), "keycloak").command).toEqual(expect.arrayContaining(needed));
  });

  it("stays as it is without a Monitoring", () => {
    const stack = newStack();
    new KeycloakServer(stack, "Keycloak");
    expect(JSON.stringify(synth(stack))).not.toMatch(/event-metrics|log-console/);
  });
});

describe("what is watched", () => {
  it("is every key and certificate, by its end", () => {
    const { stack, signingKey } = declared();
    expect(rulesIn(synth(stack))).toContainEqual({
      record: "m2m_declared_expiry_timestamp_seconds",
      expr: `vector(${Math.floor(signingKey.notAfter.getTime() / 1000)})`,
      labels: { kind: "signing key", name: "machine-a" },
    });
  });

  it("is the first end of keys that clients of one id have in two realms", () => {
    const { stack, server } = declared();
    const signingKey = new SigningKeyPair(stack, "Ends", { name: "ends", validityDays: 30 });
    const realm = new Realm(stack, "Before", { server, realmName: "before" });
    new SignedJwtClient(stack, "B", { realm, clientId: "machine-b", signingKey });
    const later = new Realm(stack, "Later", { server, realmName: "later" });
    const lasting = fixedKey(stack, "machine-b", "Lasting");
    new SignedJwtClient(stack, "LaterB", { realm: later, clientId: "machine-b", signingKey: lasting });
    const ends = rulesIn(synth(stack)).filter(
      (rule: { labels?: { name?: string } }) => rule.labels?.name === "machine-b",
    );
    expect(ends.map(({ expr }: { expr: string }) => expr)).toEqual([
      `vector(${Math.floor(signingKey.notAfter.getTime() / 1000)})`,
    ]);
  });

  it("is every machine that serves metrics, also in a stack of its own", () => {
    const app = newApp();
    const { stack, server, client } = declared({}, new TerraformStack(app, "server"));
    const other = new TerraformStack(app, "machines");
    new MachineContainer(other, "Api", { server, client, metrics: true });
    const config = uploaded(synth(stack), "keycloak-prometheus", "/etc/prometheus/prometheus.yml");
    expect(config.scrape_configs[1].static_configs).toEqual([
      { targets: ["machine-a:9464"], labels: { machine: "machine-a" } },
    ]);
  });

  it("is the silence of those alone that ask all the time", () => {
    const silent = (json: Json) => rulesIn(json).filter((rule: { alert?: string }) => rule.alert === "MachineSilent");
    expect(silent(synth(declared().stack))).toEqual([]);
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "sjwt" });
    const signingKey = fixedKey(stack, "machine-a", "Key");
    const client = new SignedJwtClient(stack, "MachineA", { realm, clientId: "machine-a", signingKey });
    new Monitoring(stack, "Monitoring", { server, callers: [client], silenceSeconds: 60 });
    expect(silent(synth(stack))[0].expr).toContain('realm="sjwt", client_id="machine-a"}[60s]');
  });

  it("is a client whose id has characters that PromQL and its templates would read", () => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "sjwt" });
    const clientId = 'a"b\\c{{d}}$1';
    const signingKey = fixedKey(stack, "machine-a", "Key");
    const client = new SignedJwtClient(stack, "MachineA", { realm, clientId, signingKey });
    new Monitoring(stack, "Monitoring", { server, callers: [client] });
    const { expr } = rulesIn(synth(stack)).find((rule: { alert?: string }) => rule.alert === "MachineSilent");
    expect(expr).toContain('client_id="a\\"b\\\\c{{d}}$1"}');
    expect(expr).toContain('"client_id", "a\\"b\\\\c{{d}}$$1", "", "")');
  });

  it("is drawn by a dashboard beside the JSON", () => {
    const { stack, monitoring } = declared();
    synth(stack);
    const file = join("cdktf.out", "stacks", stack.node.id, monitoring.dashboardFile);
    const { panels } = JSON.parse(readFileSync(file, "utf8"));
    expect(panels.length).toBeGreaterThan(8);
  });
});

describe("alerts", () => {
  it("have a link to their paragraph, and are sent where it is said", () => {
    const { stack } = declared({ webhookUrl: "http://pager:8080/alerts", runbook: "https://wiki/m2m" });
    const json = synth(stack);
    const down = rulesIn(json).find((rule: { alert?: string }) => rule.alert === "KeycloakDown");
    expect(down.annotations.runbook_url).toBe("https://wiki/m2m#keycloakdown");
    const routes = uploaded(json, "keycloak-alertmanager", "/etc/alertmanager/alertmanager.yml");
    expect(routes.receivers[0].webhook_configs).toEqual([{ url: "http://pager:8080/alerts", send_resolved: true }]);
  });
});

describe("bad input", () => {
  it("is told all at once", () => {
    const bad = {
      scrapeSeconds: 0,
      retentionDays: 0.5,
      answeredPercent: 90,
      latencyMilliseconds: 0,
      webhookUrl: "http://user:secret@pager",
      prometheusPort: 8080,
      typo: 1,
    };
    const message = messageOf(() => declared(bad));
    expect(message).toContain("`typo` is not an option");
    expect(message).toContain("`scrapeSeconds` must be a whole number between 1 and 60");
    expect(message).toContain("`retentionDays` must be a whole number of days between 1 and 3650, got: 0.5");
    expect(message).toContain("`answeredPercent` must be a number from 95 to 99.999, got: 90");
    expect(message).toContain("`latencyMilliseconds` must be a whole number of milliseconds");
    expect(message).toContain("`webhookUrl` must hold no user and no password");
    expect(message).toContain("`prometheusPort` must be unique in the app, got: 8080");
    expect(message).not.toContain("secret");
  });

  it("is a silence that is shorter than two looks", () => {
    expect(messageOf(() => declared({ silenceSeconds: 60, scrapeSeconds: 60 }))).toContain(
      "`silenceSeconds` must be at least two times `scrapeSeconds`, got: 60 and 60",
    );
  });

  it("is a caller on another server", () => {
    const stack = newStack();
    const { client } = declared({}, stack);
    const other = new KeycloakServer(stack, "Other", { containerName: "other", port: 8081 });
    const watch = () =>
      new Monitoring(stack, "Second", { server: other, callers: [client], prometheusPort: 1, alertmanagerPort: 2 });
    expect(messageOf(watch)).toContain(
      "must be clients on `server`, which counts their sign-ins, got: machine-a on http://localhost:8080, and the server http://localhost:8081",
    );
  });
});
