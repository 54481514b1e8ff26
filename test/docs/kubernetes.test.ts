// Holds the resource for Kubernetes against the operator's fields, and against what a cluster in Docker is started with.
import { Ajv } from "ajv";
import { TerraformStack, Testing } from "cdktf";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { CertificateAuthority, KeycloakCluster, PostgresDatabase, testingApp } from "../../constructs";
import { KEYCLOAK_RESOURCE } from "./keycloak-resource";
import { read } from "./pages";

const resource = parse(read("examples/kubernetes/keycloak.yaml"));
const { spec } = resource;

/** A cluster with the same number of servers on a database elsewhere: what it is started with, and its memory. */
function inDocker() {
  const stack = new TerraformStack(testingApp(), "m2m");
  const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
  const url = "postgresql://keycloak@db.example.org/keycloak";
  const database = PostgresDatabase.fromUrl(stack, "Database", { url, passwordFile: "secret", caFile: "ca.crt" });
  new KeycloakCluster(stack, "Keycloak", { database, tls: { authority }, replicas: spec.instances });
  // biome-ignore lint/suspicious/noExplicitAny: the JSON of any resource
  const [service] = Object.values<any>(JSON.parse(Testing.synth(stack)).resource.docker_service);
  const args: string[] = service.task_spec.container_spec.args;
  const option = (name: string) => args.find((one) => one.startsWith(`--${name}=`))?.split(`--${name}=`)[1];
  return { option, memoryBytes: service.task_spec.resources.limits.memory_bytes as number };
}

describe("the resource for Kubernetes", () => {
  it("has the operator's fields, with their types", () => {
    const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
    expect(ajv.validate(KEYCLOAK_RESOURCE, resource), JSON.stringify(ajv.errors)).toBe(true);
    expect(ajv.validate(KEYCLOAK_RESOURCE, { ...resource, spec: { ...spec, replicas: 3 } })).toBe(false);
  });

  it("reaches the database as a cluster in Docker does", () => {
    const { option } = inDocker();
    const parts = (url: string) => [url.split("?")[0], new URLSearchParams(url.split("?")[1])] as const;
    const [place, settings] = parts(spec.db.url);
    const [declared, wanted] = parts(option("db-url")!);
    expect(place).toBe(declared);
    const named = `/opt/keycloak/conf/truststores/secret-${spec.truststores["sso-database-ca"].secret.name}/ca.crt`;
    wanted.set("sslrootcert", named); // where the operator mounts it
    expect(Object.fromEntries(settings)).toEqual(Object.fromEntries(wanted));
    expect(String(spec.db.poolMaxSize)).toBe(option("db-pool-max-size"));
  });

  it("has the options and the memory of a cluster in Docker", () => {
    const { option, memoryBytes } = inDocker();
    const options = Object.fromEntries(
      spec.additionalOptions.map(({ name, value }: Record<string, string>) => [name, value]),
    );
    for (const name of ["http-max-queued-requests", "log-console-output"]) expect(options[name]).toBe(option(name));
    expect(spec.resources.limits.memory).toBe(`${memoryBytes / 2 ** 20}Mi`);
    expect(spec.resources.requests.memory).toBe(spec.resources.limits.memory);
    expect(spec.http).toEqual({ httpEnabled: false, tlsSecret: "sso-tls" });
  });

  it("names the secrets and the image's options that the page has", () => {
    const page = read("docs/kubernetes.md");
    for (const secret of ["sso-database", "sso-database-ca", "sso-tls"]) {
      expect(JSON.stringify(resource)).toContain(`"${secret}"`);
      expect(page).toContain(`The secret \`${secret}\``);
    }
    expect(page).toContain(`url: "${spec.hostname.hostname}"`);
    expect(page).toContain(`--db=${spec.db.vendor}`);
  });
});
