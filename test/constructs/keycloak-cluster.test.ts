import { readFileSync } from "node:fs";
import { TerraformStack } from "cdktf";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  DeployerClient,
  KeycloakCluster,
  type KeycloakClusterProps,
  MachineContainer,
  PostgresDatabase,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  TlsCertificate,
} from "../../constructs";
import { findPrivateBytes } from "./private-bytes";
import { captureNotices, filesBelow, fixedKey, inTemporaryProject, messageOf, newStack, synth } from "./project";

inTemporaryProject();
beforeEach(() => void vi.stubEnv("KEYCLOAK_PASSWORD", "of-the-administrator"));

function declared(props: Partial<KeycloakClusterProps> = {}) {
  captureNotices();
  const stack = newStack();
  new PrivateLocalBackend(stack);
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const database = new PostgresDatabase(stack, "Database");
  const cluster = new KeycloakCluster(stack, "Keycloak", { database, tls: { authority }, ...props });
  const realm = new Realm(stack, "Realm", { server: cluster, realmName: "r" });
  const json = () => {
    const { resource } = synth(stack);
    const byName = (type: string, name: string) => Object.values(resource[type] ?? {}).find((one) => one.name === name);
    const [service] = Object.values(resource.docker_service ?? {});
    return { resource, byName, service, container: service.task_spec.container_spec };
  };
  return { stack, authority, database, cluster, realm, json };
}

describe("a cluster", () => {
  it("is reached by its balancer, as one server is", () => {
    const { cluster } = declared();
    const { url, issuerBase, connectTo, containerName, serviceName, mode, clientCertificates } = cluster;
    expect({ url, issuerBase, connectTo, containerName, serviceName, mode, clientCertificates }).toEqual({
      url: "https://localhost:8443",
      issuerBase: "https://keycloak:8443",
      connectTo: "keycloak:8443=127.0.0.1:8443",
      containerName: "keycloak",
      serviceName: "keycloak-servers",
      mode: "production",
      clientCertificates: "none",
    });
  });

  it("runs its servers as replicas that share their caches", () => {
    const { service, container } = declared({ replicas: 3 }).json();
    expect(service).toMatchObject({
      name: "keycloak-servers",
      mode: { replicated: { replicas: 3 } },
      endpoint_spec: { mode: "dnsrr" },
      update_config: { parallelism: 1, order: "start-first", failure_action: "rollback" },
      rollback_config: { parallelism: 1, order: "start-first" },
      converge_config: { timeout: "720s" },
    });
    expect(container.healthcheck.start_period).toBe("6m");
    expect(container.env).toMatchObject({ SLOT: "{{.Task.Slot}}", OTHERS: "tasks.keycloak-servers", PATIENCE: "180" });
    const [first, ...rest] = container.args;
    expect(first).toBe("--config-file=/opt/keycloak/conf/tls/keycloak.conf");
    expect(rest).toEqual(
      expect.arrayContaining([
        "--cache=ispn",
        "--cache-embedded-network-bind-address=match-address:10.201.31.*",
        "--hostname=https://localhost:8443",
        "--http-enabled=false",
      ]),
    );
    expect(rest).not.toContain("--cache=local");
  });

  it.each([
    [15, "30s"],
    [45, "1m30s"],
    [1800, "1h"],
    [1830, "1h1m"],
    [1805, "1h0m10s"],
  ])("writes a start of %d s as Swarm gives it back: %s", (startTimeoutSeconds, twice) => {
    expect(declared({ startTimeoutSeconds }).json().container.healthcheck.start_period).toBe(twice);
  });

  it("limits what each of them may do and take, and where they run", () => {
    const { service, container } = declared({
      memoryMegabytes: 1024,
      cpus: 1.5,
      constraints: ["node.labels.keycloak==true"],
      maxReplicasPerNode: 1,
    }).json();
    expect(container).toMatchObject({ user: "1000:0", read_only: true, cap_drop: ["ALL"], stop_grace_period: "1m" });
    expect(container.mounts.map(({ type, target }: { type: string; target: string }) => `${type} ${target}`)).toEqual([
      "tmpfs /tmp",
      "tmpfs /opt/keycloak/data",
    ]);
    expect(service.task_spec).toMatchObject({
      resources: { limits: { memory_bytes: 2 ** 30, nano_cpus: 1_500_000_000 } },
      placement: { constraints: ["node.labels.keycloak==true"], prefs: ["spread=node.id"], max_replicas: 1 },
      log_driver: { options: { "max-size": "10m" } },
    });
  });

  it("has two encrypted networks, and the database in the one that leads nowhere", () => {
    const { byName } = declared({ subnet: "10.9.8.0/24" }).json();
    const overlay = { driver: "overlay", attachable: true, options: { encrypted: "" } };
    expect(byName("docker_network", "keycloak-network")).toMatchObject(overlay);
    expect(byName("docker_network", "keycloak-cluster")).toMatchObject({
      ...overlay,
      internal: true,
      ipam_config: [{ subnet: "10.9.8.0/24", gateway: "10.9.8.1" }],
    });
    expect(byName("docker_container", "keycloak-database").networks_advanced).toHaveLength(2);
  });

  it("leaves its network open to a database elsewhere", () => {
    captureNotices();
    const stack = newStack();
    const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
    const url = "postgresql://keycloak@db.example.org/keycloak";
    const database = PostgresDatabase.fromUrl(stack, "Database", {
      url,
      passwordFile: "db.password",
      caFile: "certs/ca.crt",
    });
    new KeycloakCluster(stack, "Keycloak", { database, tls: { authority } });
    const networks = Object.values(synth(stack).resource.docker_network ?? {});
    expect(networks.map(({ internal }) => internal === true)).toEqual([false, false]);
  });

  it("has HAProxy before them, published on this machine only, with the same settings for any number", () => {
    const { byName } = declared({ replicas: 3, port: 9443 }).json();
    expect(byName("docker_container", "keycloak")).toMatchObject({
      image: "haproxy:3.2",
      user: "99:0",
      read_only: true,
      capabilities: { drop: ["ALL"] },
      networks_advanced: [{ aliases: ["keycloak"] }],
      ports: [{ internal: 8443, external: 9443, ip: "127.0.0.1" }],
      stop_signal: "SIGUSR1",
    });
    const settings = readFileSync("cdktf.out/stacks/test/files/Keycloak.Balancer/haproxy.cfg", "utf8");
    expect(settings).toContain("server-template keycloak 24 tasks.keycloak-servers:8443 ");
    expect(settings).toContain("http-check send meth GET uri /health/ready\n");
  });
});

describe("the files of a cluster", () => {
  it("are configs of the swarm where they are public, and else secrets that only Keycloak reads", () => {
    const { container } = declared({ clientCertificates: "required" }).json();
    const files = (kind: "configs" | "secrets") =>
      container[kind].map((one: Record<string, unknown>) => [
        String(one.file_name).replace("/opt/keycloak/conf/tls/", ""),
        `${one.file_uid}:${one.file_gid}`,
        (one.file_mode as number).toString(8),
      ]);
    expect(files("configs")).toEqual([
      ["tls.crt", "1000:0", "444"],
      ["clients.p12", "1000:0", "444"],
      ["database-ca.crt", "1000:0", "444"],
      ["database.crt", "1000:0", "444"],
    ]);
    expect(files("secrets")).toEqual([
      ["tls.key", "1000:0", "440"],
      ["database.key.der", "1000:0", "440"],
      ["keycloak.conf", "1000:0", "440"],
    ]);
  });

  it("have a name that differs with what they hold, within Docker's 64 characters", () => {
    const long = "a-name-that-is-as-long-as-a-container-may-well-be-called";
    const { resource } = declared({ containerName: long }).json();
    const names = Object.values(resource.docker_config ?? {}).map(({ name }) => name);
    expect(names).toHaveLength(3);
    for (const name of names) {
      expect(name).toMatch(/-(tls\.crt|database(-ca)?\.crt)-[0-9a-f]{8}$/);
      expect(name.length).toBeLessThanOrEqual(64);
    }
    const starts = Object.values(resource.terraform_data ?? {}).flatMap(({ input }) => input?.start ?? []);
    expect(starts).toHaveLength(3);
    for (const start of starts) expect(start.length).toBeLessThanOrEqual(55);
  });

  it("are not in the JSON where they are secret", () => {
    process.env.KEYCLOAK_PASSWORD = "Canary-of-the-cluster";
    declared().json();
    const keys = ["keycloak-tls", "keycloak-database-client-tls"].map((name) =>
      readFileSync(`certs/${name}.key`, "utf8"),
    );
    for (const file of filesBelow("cdktf.out").filter((one) => !/\/(private|bootstrap-admin)\//.test(one))) {
      const text = readFileSync(file, "latin1");
      expect(text, file).not.toContain("Canary-of-the-cluster");
      for (const key of keys) expect(findPrivateBytes(key, text), file).toBeUndefined();
    }
  });
});

describe("what is declared on a cluster", () => {
  it("does not know the difference: realms, machines and a deployer", () => {
    const { stack, authority, cluster, realm, json } = declared();
    const client = new SignedJwtClient(stack, "Api", {
      realm,
      clientId: "api",
      signingKey: fixedKey(stack, "machine-b"),
    });
    const tls = new TlsCertificate(stack, "ApiTls", { authority, name: "api", usage: "server" });
    new MachineContainer(stack, "Container", { server: cluster, client, tls });
    new DeployerClient(stack, "Deployer", {
      server: cluster,
      realms: [realm],
      signingKey: fixedKey(stack, "machine-a"),
    });
    const { resource, byName } = json();
    expect(byName("docker_container", "api")).toMatchObject({ read_only: true });
    const [declaredRealm] = Object.values(resource.keycloak_realm ?? {});
    expect(declaredRealm.depends_on.join()).toMatch(/docker_service.+docker_container\.Keycloak_Balancer/);
  });

  it("can be in another stack, with the cluster's before it", () => {
    const { stack, cluster } = declared();
    const other = new TerraformStack(stack.node.root, "other");
    new PrivateLocalBackend(other);
    new Realm(other, "Other", { server: cluster, realmName: "other" });
    expect(other.dependencies).toEqual([stack]);
  });
});

it("has frozen ids", () => {
  const { stack } = declared({ clientCertificates: "required" });
  const ids = stack.node.findAll().map(({ node }) => node.path);
  const own = ["Tls", "Network", "ClusterNetwork", "Image", "Files", "Resource", "Balancer", "Settled", "Provider"];
  const files = ["TlsCrt", "TlsKey", "TlsKey/Resource", "TlsKey/Id", "ClientsP12", "DatabaseKeyDer", "KeycloakConf"];
  const all = [
    ...own,
    ...files.map((id) => `Files/${id}`),
    "Balancer/Files",
    "Balancer/FileCarrier",
    "Balancer/Container",
  ];
  expect(ids).toEqual(expect.arrayContaining(all.map((id) => `test/Keycloak/${id}`)));
});

describe("fails on", () => {
  it.each([
    [{ replicas: 0 }, "`replicas` must be a whole number between 1 and 20, got: 0; use 2 or 3"],
    [{ replicas: 1.5 }, "`replicas` must be a whole number between 1 and 20, got: 1.5"],
    [{ subnet: "10.0.0.0/16" }, "`subnet` must be an IPv4 network of 256 addresses"],
    [{ subnet: "10.0.300.0/24" }, "`subnet` must be an IPv4 network of 256 addresses"],
    [{ constraints: ["keycloak"] }, "`constraints[0]` must be a constraint of Docker Swarm"],
    [{ maxReplicasPerNode: -1 }, "`maxReplicasPerNode` must be a whole number from 1 on"],
    [{ memoryMegabytes: 100 }, "`memoryMegabytes` must be a whole number of megabytes"],
    [{ port: 0 }, "`port` must be a port between 1 and 65535"],
    [{ image: "two words" }, "`image` must name an image"],
    [{ balancerImage: "two words" }, "`balancerImage` must name an image"],
    [{ publicUrl: "http://sso.example.org" }, "`publicUrl` must be https://HOST"],
    [{ mode: "dev" } as object, "`mode` is not an option"],
    [{ tls: undefined } as object, "`tls` must be given, got: none"],
    [{ database: undefined } as object, "`database` must be given, got: none"],
  ])("%j", (props, message) => {
    expect(messageOf(() => declared(props))).toContain(message);
  });

  it("a database in another stack", () => {
    const { stack, authority } = declared();
    const other = new TerraformStack(stack.node.root, "other");
    const database = new PostgresDatabase(other, "Database", { containerName: "other-database" });
    const cluster = () => new KeycloakCluster(stack, "Second", { database, tls: { authority } });
    expect(messageOf(cluster)).toContain(
      "`database` must be declared in the stack of the cluster, got: one in stack other; declare it in test",
    );
  });

  it("a name and a port that another has", () => {
    const { stack, authority, database } = declared();
    const said = messageOf(() => new KeycloakCluster(stack, "Second", { database, tls: { authority } }));
    expect(said).toContain("`containerName` must be unique in the app");
    expect(said).toContain("`port` must be unique in the app");
  });
});
