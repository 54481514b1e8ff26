import { describe, expect, it } from "vitest";
import { chooseDatabase } from "../../../tools/backup/declared-database";
import type { Stack } from "../../../tools/project/project";
import { stackOf } from "../parts";

/** A stack with these marks, as constructs leave them. */
function marked(marks: Record<string, readonly object[]>): Stack {
  const written = Object.entries(marks).map(([kind, all]) => [kind, Object.fromEntries(all.entries())]);
  const stack = stackOf({});
  return { ...stack, json: { ...stack.json, "//": Object.fromEntries(written) } };
}

const DATABASES = [
  { container: "one", database: "keycloak" },
  { container: "two", database: "keycloak" },
];
const SERVERS = [
  { container: "a", image: "keycloak:26.4.7", port: 8443, dataVolume: "one-data" },
  { container: "b", image: "keycloak:26.4.7", port: 9443, dataVolume: "two-data" },
];
const REALMS = [
  { url: "https://localhost:8443", realmName: "prod", issuer: "" },
  { url: "https://localhost:9443", realmName: "test", issuer: "" },
];

describe("the database that is meant", () => {
  it("is the only one, with the servers that use it and their realms, of all stacks", () => {
    const stacks = [
      marked({ databases: DATABASES.slice(0, 1) }),
      marked({ servers: SERVERS }),
      marked({ realms: [...REALMS, ...REALMS] }),
    ];
    expect(chooseDatabase(stacks)).toEqual({ ...DATABASES[0], servers: [SERVERS[0]], realms: ["prod"] });
  });

  it("is named where there are several", () => {
    const stacks = [marked({ databases: DATABASES, servers: SERVERS, realms: REALMS })];
    expect(chooseDatabase(stacks, "two")).toMatchObject({ container: "two", realms: ["test"] });
    expect(() => chooseDatabase(stacks)).toThrow(
      "the project declares one, two; name the one that is meant by --database",
    );
    expect(() => chooseDatabase(stacks, "three")).toThrow("no database three is declared; known: one, two");
  });
});

describe("without a database of the project it is said what to use", () => {
  it.each([
    [{}, "the project declares no PostgresDatabase; back up a Keycloak that others run where it runs"],
    [
      { servers: [{ container: "keycloak", image: "keycloak:26.4.7", port: 8443 }] },
      "the database of keycloak is elsewhere (PostgresDatabase.fromUrl); back it up where it is",
    ],
    [
      { servers: [{ container: "keycloak", image: "keycloak:26.4.7", port: 8080, dataVolume: "keycloak-data" }] },
      'keycloak keeps its data in a file of its own (volume keycloak-data), which cannot be copied while it runs; declare a PostgresDatabase and `mode: "production"`',
    ],
  ])("%j", (marks, message) => {
    const refused = { code: "no-database", message: expect.stringContaining(message) };
    expect(() => chooseDatabase([marked(marks)])).toThrow(expect.objectContaining(refused));
  });
});
