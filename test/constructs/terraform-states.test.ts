import { readFileSync } from "node:fs";
import { TerraformStack } from "cdktf";
import { beforeEach, expect, it } from "vitest";
import { PostgresDatabase, PrivateLocalBackend, TerraformStates } from "../../constructs";
import { databasesIn } from "../../constructs/contract/markers";
import { captureNotices, inTemporaryProject, messageOf, newApp, newStack, synth } from "./project";

inTemporaryProject();
beforeEach(() => void captureNotices());

function declared(stack = newStack()) {
  new PrivateLocalBackend(stack);
  return { stack, database: new PostgresDatabase(stack, "Database", { localhostPort: 15_432 }) };
}

const read = (name: string) => readFileSync(`cdktf.out/stacks/test/files/Database/${name}`, "utf8");

it("a role for states signs in to the database of its name alone, by its certificate", () => {
  const { stack, database } = declared();
  const states = new TerraformStates(stack, "Billing", { database, name: "billing", directory: "access" });
  const { host, port, databaseName, username, certificate } = states;
  expect({ host, port, databaseName, username }).toEqual({
    host: "127.0.0.1",
    port: 15_432,
    databaseName: "states_billing",
    username: "states_billing",
  });
  expect(certificate.files.key).toBe("access/states_billing-tls.key");
  expect(certificate.commonName).toBe("states_billing");
  expect(databasesIn(synth(stack))).toEqual([
    { container: "keycloak-database", database: "keycloak", states: ["states_billing"] },
  ]);
  expect(read("pg_hba.conf").split("\n").slice(1)).toEqual([
    "hostssl keycloak keycloak all cert map=servers",
    "hostssl states_billing states_billing all cert",
    "",
  ]);
  expect(read("databases")).toBe("states_billing\n");
});

it("a further one is another container of the database", () => {
  const { stack, database } = declared();
  const labels = () => {
    const containers = Object.values(synth(stack).resource.docker_container ?? {});
    return containers.map(({ labels }) => JSON.stringify(labels.at(-1)));
  };
  new TerraformStates(stack, "One", { database, name: "one" });
  const before = labels();
  new TerraformStates(stack, "Two", { database, name: "two" });
  expect(read("databases")).toBe("states_one\nstates_two\n");
  for (const [index, label] of labels().entries()) expect(label).not.toBe(before[index]);
});

it.each([
  ["", "`name` must be 1 to 40 small letters, digits or underscores, the first a letter"],
  ["Big", "`name` must be 1 to 40 small letters"],
  ['x"; DROP DATABASE keycloak; --', "`name` must be 1 to 40 small letters"],
])("refuses the name %j", (name, message) => {
  const { stack, database } = declared();
  expect(messageOf(() => new TerraformStates(stack, "S", { database, name }))).toContain(`[test/S] ${message}`);
});

it("refuses a name that is taken, and one more option", () => {
  const { stack, database } = declared();
  new TerraformStates(stack, "One", { database, name: "one" });
  const props = { database, name: "one", role: "x" } as object as { database: PostgresDatabase; name: string };
  const message = messageOf(() => new TerraformStates(stack, "Again", props));
  expect(message).toContain("`role` is not an option");
  expect(message).toContain("`name` must be unique in its database, got: one, which test/One has already");
});

it("refuses a database that Terraform does not reach, or that is not of this stack", () => {
  const { stack, database } = declared();
  const hidden = new PostgresDatabase(stack, "Hidden", { containerName: "hidden" });
  expect(messageOf(() => new TerraformStates(stack, "A", { database: hidden, name: "a" }))).toContain(
    "`database` must have a `localhostPort`",
  );
  const attributes = {
    url: "postgresql://k@db.example.org/k",
    passwordFile: "p",
    caFile: "certs/keycloak-database-ca.crt",
  };
  const foreign = PostgresDatabase.fromUrl(stack, "Foreign", attributes) as PostgresDatabase;
  expect(messageOf(() => new TerraformStates(stack, "B", { database: foreign, name: "b" }))).toContain(
    "`database` must be a PostgresDatabase",
  );
  const other = new TerraformStack(newApp(), "other");
  expect(messageOf(() => new TerraformStates(other, "C", { database, name: "c" }))).toContain(
    "`database` must be declared in the same stack",
  );
});

it("has frozen ids", () => {
  const { stack, database } = declared();
  const states = new TerraformStates(stack, "S", { database, name: "s" });
  expect(states.node.children.map(({ node }) => node.id)).toEqual(["Tls"]);
});
