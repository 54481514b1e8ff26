import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  DeployerClient,
  KeycloakServer,
  type KeycloakServerProps,
  MachineContainer,
  type MachineContainerProps,
  PostgresDatabase,
  PrivateLocalBackend,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "../../constructs";
import { captureNotices, fixedKey, inTemporaryProject, messageOf, newStack, synth } from "./project";

inTemporaryProject();
beforeEach(() => void vi.stubEnv("KEYCLOAK_PASSWORD", "of-the-administrator"));

type Props = Omit<Partial<KeycloakServerProps>, "tls">;

function declared(props: Props = {}, { hasTls = true } = {}) {
  captureNotices();
  const stack = newStack();
  new PrivateLocalBackend(stack);
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const database = new PostgresDatabase(stack, "Database");
  const server = new KeycloakServer(stack, "Keycloak", {
    mode: "production",
    database,
    ...(hasTls && { tls: { authority } }),
    ...props,
  });
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  const machine = (more: Partial<MachineContainerProps> = {}) => {
    const client = new SignedJwtClient(stack, "Api", {
      realm,
      clientId: "api",
      signingKey: fixedKey(stack, "machine-b"),
    });
    const tls = new TlsCertificate(stack, "ApiTls", { authority, name: "api", usage: "server" });
    return new MachineContainer(stack, "Container", { server, client, tls, ...more });
  };
  const container = (name: string) =>
    Object.values(synth(stack).resource.docker_container ?? {}).find((one) => one.name === name);
  return { stack, authority, database, server, realm, machine, container };
}

describe("a server in production", () => {
  it("may do and take no more than it needs", () => {
    const { container } = declared({ memoryMegabytes: 1024, cpus: 2 });
    expect(container("keycloak")).toMatchObject({
      user: "1000:0",
      read_only: true,
      tmpfs: { "/tmp": "size=64m", "/opt/keycloak/data": "uid=1000,gid=0,mode=0770,size=64m" },
      capabilities: { drop: ["ALL"] },
      security_opts: ["no-new-privileges"],
      memory: 1024,
      memory_swap: 1024,
      cpus: "2",
      log_opts: { "max-size": "10m", "max-file": "5" },
      restart: "unless-stopped",
      ports: [{ internal: 8443, external: 8443, ip: "127.0.0.1" }],
      env: ["JAVA_OPTS_KC_HEAP=-XX:MaxRAMPercentage=56 -XX:InitialRAMPercentage=50"],
    });
  });

  it.each([undefined, "", "change_me"])("takes no well-known password of the administrator: %j", (password) => {
    vi.stubEnv("KEYCLOAK_PASSWORD", password);
    expect(messageOf(() => declared().container("keycloak"))).toContain("the well-known default password");
  });

  it("needs none where Terraform signs in by a key", () => {
    vi.stubEnv("KEYCLOAK_PASSWORD", undefined);
    const { stack, server, realm, container } = declared();
    const signingKey = new SigningKeyPair(stack, "DeployerKey", { name: "deployer" });
    new DeployerClient(stack, "Deployer", { server, clientId: "deployer", signingKey, realms: [realm] });
    expect(container("keycloak")).toBeDefined();
  });

  it("starts with its database, a limited queue and a log of JSON", () => {
    const { command } = declared().container("keycloak");
    expect(command.slice(0, 3)).toEqual(["--config-file=/opt/keycloak/conf/tls/keycloak.conf", "start", "--optimized"]);
    expect(command).toEqual(
      expect.arrayContaining([
        "--cache=local",
        "--db-username=keycloak",
        "--http-max-queued-requests=1000",
        "--log-console-output=json",
      ]),
    );
  });

  it("has no volume of its own data, and joins the network of the database", () => {
    const { stack, container } = declared();
    expect(container("keycloak").networks_advanced).toHaveLength(2);
    const volumes = Object.values(synth(stack).resource.docker_volume ?? {}).map(({ name }) => name);
    expect(volumes.sort()).toEqual(["keycloak-database-data", "keycloak-database-files", "keycloak-files"]);
  });

  it("is known by its public address, which its certificate is for", () => {
    const { server, realm, container } = declared({ publicUrl: "https://sso.example.org" });
    expect(server).toMatchObject({ url: "https://localhost:8443", issuerBase: "https://sso.example.org" });
    expect(server.connectTo).toBe("sso.example.org:443=127.0.0.1:8443");
    expect(realm.issuer).toBe("https://sso.example.org/realms/r");
    expect(container("keycloak").command).toContain("--hostname=https://sso.example.org");
  });

  it("serves plain http to a proxy where that is asked for", () => {
    const props = { plainHttpBehindProxy: "xforwarded", publicUrl: "https://sso.example.org" } as const;
    const { server, container } = declared(props, { hasTls: false });
    expect(server.url).toBe("http://localhost:8080");
    const { command, ports } = container("keycloak");
    expect(command).toEqual(expect.arrayContaining(["--http-enabled=true", "--proxy-headers=xforwarded"]));
    expect(ports).toEqual([{ internal: 8080, external: 8080, ip: "127.0.0.1" }]);
  });

  it.each([
    [{ database: undefined }, true, '`mode: "production"` needs a `database`'],
    [{}, false, '`mode: "production"` needs `tls`'],
    [{ publicUrl: "http://sso.example.org" }, true, "`publicUrl` must be https://HOST"],
    [{ publicUrl: "https://sso.example.org/auth" }, true, "`publicUrl` must be https://HOST"],
    [{ plainHttpBehindProxy: "xforwarded" }, false, "`plainHttpBehindProxy` needs the `publicUrl`"],
    [{ plainHttpBehindProxy: "xforwarded", publicUrl: "https://a.example" }, true, "goes without `tls`"],
    [{ plainHttpBehindProxy: "edge", publicUrl: "https://a.example" }, false, 'must be "xforwarded" or "forwarded"'],
    [{ memoryMegabytes: 512 }, true, "`memoryMegabytes` must be a whole number of megabytes, 768 or more"],
    [{ cpus: -1 }, true, "`cpus` must be a number of processors"],
    [{ maxQueuedRequests: 0 }, true, "`maxQueuedRequests` must be a whole number from 1 on"],
    [{ mode: "optimized" }, true, '`database` needs `mode: "production"`'],
  ] as [Props, boolean, string][])("refuses %j with tls: %s", (props, hasTls, message) => {
    expect(messageOf(() => declared(props, { hasTls }))).toContain(message);
  });

  it("refuses a certificate that is not for its public address", () => {
    const { stack, authority, database } = declared();
    const certificate = new TlsCertificate(stack, "Own", {
      authority,
      name: "own",
      usage: "server",
      dnsNames: ["keycloak", "localhost"],
    });
    const props = { mode: "production", database, tls: { certificate }, publicUrl: "https://sso.example.org" } as const;
    const make = () => new KeycloakServer(stack, "Other", { ...props, containerName: "other", port: 9443 });
    expect(messageOf(make)).toContain("got: one that is not for sso.example.org");
  });
});

describe("a machine beside it", () => {
  it("is limited as the server is, and gets its files by a carrier", () => {
    const { machine, container } = declared();
    machine();
    expect(container("api")).toMatchObject({ read_only: true, memory: 256, user: "1000:0" });
    const carrier = container("api-files");
    expect(carrier.upload.map(({ file }: { file: string }) => file)).toContain("/run/machine/signing.key");
    expect(container("api").labels).toEqual(expect.arrayContaining([carrier.labels.at(-1)]));
  });

  it("reaches a server with a public address by its name in the network", () => {
    const { machine, container } = declared({ publicUrl: "https://sso.example.org" });
    machine();
    expect(container("api").env).toContain("CONNECT_TO=sso.example.org:443=keycloak:8443");
  });

  it("is plain where that is said", () => {
    const { machine, container } = declared();
    machine({ mode: "plain" });
    expect(container("api")).not.toHaveProperty("read_only");
    expect(container("api-files")).toBeUndefined();
  });

  it.each([
    [{ memoryMegabytes: 10 }, "`memoryMegabytes` must be a whole number of megabytes, 64 or more"],
    [{ mode: "plain", cpus: 1 }, '`cpus` needs `mode: "production"`'],
    [{ mode: "prod" }, '`mode` must be "plain" or "production"'],
  ] as [Partial<MachineContainerProps>, string][])("refuses %j", (props, message) => {
    const { machine } = declared();
    expect(messageOf(() => machine(props))).toContain(message);
  });
});
