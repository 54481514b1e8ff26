import { X509Certificate } from "node:crypto";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { beforeEach, describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  KeycloakServer,
  PostgresDatabase,
  type PostgresDatabaseProps,
  PrivateLocalBackend,
  Realm,
} from "../../constructs";
import { findPrivateBytes } from "./private-bytes";
import { captureNotices, filesBelow, inTemporaryProject, messageOf, newStack, synth } from "./project";

inTemporaryProject();
beforeEach(() => void vi.stubEnv("KEYCLOAK_PASSWORD", "of-the-administrator"));

function declared(props?: PostgresDatabaseProps) {
  captureNotices();
  const stack = newStack();
  new PrivateLocalBackend(stack);
  const database = new PostgresDatabase(stack, "Database", props);
  const json = () => {
    const { resource } = synth(stack);
    const containers = resource.docker_container ?? {};
    const byName = (name: string) => Object.values(containers).find((one) => one.name === name);
    return { resource, containers, byName };
  };
  return { stack, database, json };
}

describe("a database", () => {
  it("is reached by its container's name, in a network of its own that leads nowhere", () => {
    const { database, json } = declared();
    const { host, port, databaseName, username } = database;
    expect({ host, port, databaseName, username }).toEqual({
      host: "keycloak-database",
      port: 5432,
      databaseName: "keycloak",
      username: "keycloak",
    });
    const { byName, resource } = json();
    expect(Object.values(resource.docker_network ?? {})).toMatchObject([
      { name: "keycloak-database-network", internal: true },
    ]);
    expect(byName("keycloak-database")).not.toHaveProperty("ports");
  });

  it("may do and take no more than it needs", () => {
    const { json } = declared({ memoryMegabytes: 512, cpus: 1.5 });
    expect(json().byName("keycloak-database")).toMatchObject({
      user: "999:0",
      read_only: true,
      capabilities: { drop: ["ALL"] },
      security_opts: ["no-new-privileges"],
      memory: 512,
      memory_swap: 512,
      cpus: "1.5",
      shm_size: 128,
      log_opts: { "max-size": "10m", "max-file": "5" },
      restart: "unless-stopped",
      stop_signal: "SIGINT",
      stop_timeout: 60,
    });
    const settings = readFileSync("cdktf.out/stacks/test/files/Database/postgresql.conf", "utf8");
    expect(settings).toContain("shared_buffers = '128MB'\n");
    expect(settings).toContain("ssl_min_protocol_version = 'TLSv1.3'\n");
  });

  it("gets its files by a container that never runs, before it starts itself", () => {
    const { json } = declared();
    const { byName, containers } = json();
    const carrier = byName("keycloak-database-files");
    expect(carrier).toMatchObject({ start: false, must_run: false, network_mode: "none" });
    const files = (carrier.upload as { file: string; permissions: string }[]).map(
      ({ file, permissions }) => `${file.replace("/etc/keycloak-database/", "")} ${permissions}`,
    );
    expect(files.sort()).toEqual([
      "ca.crt 0444",
      "pg_hba.conf 0444",
      "pg_ident.conf 0444",
      "postgresql.conf 0444",
      "start.sh 0444",
      "tls.crt 0444",
      "tls.key 0440",
    ]);
    expect(JSON.stringify(carrier.upload)).not.toContain("owner"); // Docker would look for it on the engine's machine
    const id = Object.keys(containers).find((name) => containers[name] === carrier);
    expect(byName("keycloak-database").depends_on).toEqual([`docker_container.${id}`]);
  });

  it("is published at 127.0.0.1 alone where it is asked for, by a network that translates no addresses", () => {
    const { database, json } = declared({ localhostPort: 15_432 });
    const { byName, resource } = json();
    expect(byName("keycloak-database").ports).toEqual([{ external: 15_432, internal: 5432, ip: "127.0.0.1" }]);
    expect(byName("keycloak-database").networks_advanced).toHaveLength(2);
    const networks = Object.values(resource.docker_network ?? {});
    expect(networks.find(({ name }) => name === "keycloak-database-host")).toMatchObject({
      options: {
        "com.docker.network.bridge.enable_ip_masquerade": "false",
        "com.docker.network.bridge.host_binding_ipv4": "127.0.0.1",
      },
    });
    expect(networks.find(({ name }) => name === "keycloak-database-network")).toMatchObject({ internal: true });
    expect(database.localhostPort).toBe(15_432);
    const certificate = new X509Certificate(readFileSync("certs/keycloak-database-tls.crt"));
    expect(certificate.subjectAltName).toBe("DNS:keycloak-database, DNS:localhost, IP Address:127.0.0.1");
  });

  it("is another container once its settings differ", () => {
    const hashes = [512, 1024].map((memoryMegabytes) => {
      const { json } = declared({ memoryMegabytes });
      const { byName } = json();
      const [of, carried] = ["keycloak-database", "keycloak-database-files"].map((name) => byName(name).labels.at(-1));
      expect(of).toEqual(carried);
      return of.value;
    });
    expect(hashes[0]).not.toBe(hashes[1]);
  });

  it("lets nobody in by a password, and Keycloak by its certificate alone", () => {
    declared().json();
    const read = (name: string) => readFileSync(`cdktf.out/stacks/test/files/Database/${name}`, "utf8");
    expect(read("pg_hba.conf")).toBe("local all postgres peer\nhostssl keycloak keycloak all cert map=servers\n");
    expect(read("pg_ident.conf")).toBe('servers "keycloak-database-client" keycloak\n');
  });

  it.each([
    [undefined, { prevent_destroy: true }],
    [false, undefined],
  ])("protects its data: %s", (protectData, lifecycle) => {
    const { json } = declared({ protectData });
    const volumes = Object.values(json().resource.docker_volume ?? {});
    expect(volumes.find(({ name }) => name === "keycloak-database-data").lifecycle).toEqual(lifecycle);
  });

  it("has frozen ids", () => {
    const { stack } = declared();
    const ids = stack.node.findAll().map(({ node }) => node.path);
    expect(ids).toEqual(
      expect.arrayContaining(
        ["Ca", "Tls", "ClientTls", "Network", "Volume", "Files", "FileCarrier", "Container", "RenewedCertificates"].map(
          (id) => `test/Database/${id}`,
        ),
      ),
    );
  });

  it.each([
    [{ containerName: "-" }, "`containerName` must be a host name"],
    [{ memoryMegabytes: 100 }, "`memoryMegabytes` must be a whole number of megabytes, 256 or more"],
    [{ cpus: 0 }, "`cpus` must be a number of processors from 0.01 on"],
    [{ localhostPort: 0 }, "`localhostPort` must be a port between 1 and 65535"],
    [{ image: "two words" }, "`image` must name an image"],
    [{ memory: 1 } as object, "`memory` is not an option"],
  ])("refuses %j", (props, message) => {
    expect(messageOf(() => declared(props))).toContain(`[test/Database] ${message}`);
  });

  it("is refused under the name of another container", () => {
    const { stack } = declared();
    expect(messageOf(() => new PostgresDatabase(stack, "Other"))).toContain(
      "`containerName` must be unique in the app",
    );
  });
});

describe("a server on it", () => {
  it("shows its certificate, which no JSON holds the key of", () => {
    const { stack, database, json } = declared();
    const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
    const server = new KeycloakServer(stack, "Keycloak", { mode: "production", database, tls: { authority } });
    new Realm(stack, "Realm", { server, realmName: "r" });
    const { byName } = json();
    const url = byName("keycloak").command.find((one: string) => one.startsWith("--db-url="));
    expect(url).toContain("jdbc:postgresql://keycloak-database:5432/keycloak?sslmode=verify-full&");
    expect(url).toContain("&connectTimeout=5&tcpKeepAlive=true&socketTimeout=60"); // a silent database is left
    const [der] = filesBelow("cdktf.out").filter((file) => file.endsWith("database.key.der"));
    expect(statSync(der!).mode & 0o777).toBe(0o600);
    const key = readFileSync("certs/keycloak-database-client-tls.key", "utf8");
    for (const file of filesBelow("cdktf.out").filter((one) => one !== der)) {
      expect(findPrivateBytes(key, readFileSync(file, "latin1")), file).toBeUndefined();
    }
  });
});

describe("a database that exists", () => {
  const URL = "postgresql://keycloak@db.example.org/keycloak";
  const from = (attributes: object) => {
    captureNotices();
    const stack = newStack();
    new PrivateLocalBackend(stack);
    const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
    const given = { url: URL, passwordFile: "db.password", caFile: "certs/ca.crt", ...attributes };
    const database = PostgresDatabase.fromUrl(stack, "Database", given);
    const server = new KeycloakServer(stack, "Keycloak", { mode: "production", database, tls: { authority } });
    new Realm(stack, "Realm", { server, realmName: "r" });
    return { database, text: JSON.stringify(synth(stack)) };
  };
  const CONF = "cdktf.out/stacks/test/bootstrap-admin/Keycloak/keycloak.conf";

  it("is signed in to by a password that is in the server's configuration alone", () => {
    writeFileSync("db.password", "s3cret-of-the-database\n");
    const { database, text } = from({});
    expect(database).toMatchObject({ host: "db.example.org", port: 5432, databaseName: "keycloak" });
    expect(text).not.toContain("s3cret");
    expect(readFileSync(CONF, "utf8")).toContain("\ndb-password=s3cret-of-the-database\n");
    expect(statSync(CONF).mode & 0o777).toBe(0o600);
  });

  it("needs its password's file only where the container is made", () => {
    from({});
    expect(readFileSync(CONF, "utf8")).not.toContain("db-password");
  });

  it.each([
    ["postgresql://keycloak:secret@db.example.org/keycloak", "`url` must hold no password"],
    ["mysql://keycloak@db.example.org/keycloak", "`url` must be postgresql://USER@HOST:PORT/DATABASE"],
    ["postgresql://db.example.org/keycloak", "`url` must be postgresql://USER@HOST:PORT/DATABASE"],
    [`${URL}?sslmode=disable`, "`url` must be postgresql://USER@HOST:PORT/DATABASE"],
  ])("is refused at %s", (url, message) => {
    const said = messageOf(() => from({ url }));
    expect(said).toContain(message);
    expect(said).not.toContain("secret");
  });

  it("is refused with a password that keycloak.conf would read differently", () => {
    writeFileSync("db.password", "with $dollar");
    expect(messageOf(() => from({}))).toContain("the password in db.password must be printable ASCII");
  });
});
