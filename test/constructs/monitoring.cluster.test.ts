import { TerraformStack, Testing } from "cdktf";
import { describe, expect, it } from "vitest";
import { CertificateAuthority, KeycloakCluster, Monitoring, PostgresDatabase, testingApp } from "../../constructs";

/** A cluster of three that is watched. */
function declared() {
  const stack = new TerraformStack(testingApp(), "m2m");
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const database = new PostgresDatabase(stack, "Database");
  const server = new KeycloakCluster(stack, "Keycloak", { database, tls: { authority }, replicas: 3 });
  new Monitoring(stack, "Monitoring", { server });
  const json = JSON.parse(Testing.synth(stack, true));
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of any resource
  const all = (type: string): any[] => Object.values(json.resource[type]);
  const prometheus = all("docker_container").find(({ name }) => name === "keycloak-prometheus");
  const uploaded = (file: string) =>
    JSON.parse(prometheus.upload.find((one: { file: string }) => one.file === file).content.replaceAll("$${", "${"));
  return { stack, service: all("docker_service")[0], images: all("docker_image"), prometheus, uploaded };
}

describe("a Monitoring of a cluster", () => {
  it("looks at each server that is ready, by Docker's name service", () => {
    const [keycloak] = declared().uploaded("/etc/prometheus/prometheus.yml").scrape_configs;
    expect(keycloak).toEqual({
      job_name: "keycloak",
      dns_sd_configs: [{ names: ["tasks.keycloak-servers"], type: "A", port: 9000, refresh_interval: "5s" }],
    });
  });

  it("is in the network that machines join", () => {
    const { prometheus } = declared();
    expect(prometheus.networks_advanced).toEqual([
      { name: expect.stringMatching(/docker_network\.Keycloak_Network_\w+\.name/), aliases: ["prometheus"] },
    ]);
  });

  it("has the servers count events by client", () => {
    const { args } = declared().service.task_spec.container_spec;
    expect(args).toEqual(
      expect.arrayContaining(["--event-metrics-user-tags=realm,clientId", "--http-metrics-slos=500"]),
    );
    expect(args.filter((one: string) => one === "--log-console-output=json")).toHaveLength(1);
  });

  it("tells of one server that is missing, and of all", () => {
    const { groups } = declared().uploaded("/etc/prometheus/rules.yml");
    const all = groups.flatMap(({ rules }: { rules: { alert?: string; expr: string }[] }) => rules);
    const expressionOf = (name: string) => all.find(({ alert }: { alert?: string }) => alert === name)?.expr;
    expect(expressionOf("KeycloakDown")).toBe('absent(up{job="keycloak"} == 1)');
    expect(expressionOf("ReplicaDown")).toBe('count(up{job="keycloak"} == 1) < 3');
  });

  it("tells `m2m status` how many there should be", () => {
    expect(Object.values(declared().stack.toTerraform()["//"].monitoring)).toMatchObject([{ replicas: 3 }]);
  });
});
