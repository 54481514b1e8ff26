import { describe, expect, it } from "vitest";
import { databaseCause, databaseIn } from "../../../tools/deploy/database-causes";

const DATABASE = { at: "db.example.org:5432", name: "keycloak", user: "kc" };
const cause = (log: string) => databaseCause(log, DATABASE, "sso");

describe("what a server's log says of its database", () => {
  // As Keycloak 26.4.7 wrote it, with the driver of PostgreSQL in it.
  it.each([
    ['FATAL: password authentication failed for user "kc"', "refuses the password of user kc"],
    ['FATAL: database "keycloak" does not exist', "has no database keycloak"],
    ['FATAL: role "kc" does not exist', "has no user kc"],
    ['FATAL: no pg_hba.conf entry for host "10.0.0.7", user "kc"', "does not let user kc into keycloak"],
    ["The server does not support SSL.", "does not speak TLS"],
    ["The hostname db.example.org could not be verified by hostnameverifier", "is for another name"],
    [
      "SSL error: (certificate_unknown) PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target",
      "is of a CA that is not in `caFile`",
    ],
    [
      "Persistence unit 'keycloak-default' was configured to run with a database version of at least '13.0.0', but the actual version is '12.22.0'. Consider upgrading your database.",
      "is too old for this Keycloak",
    ],
    ["ERROR: permission denied for schema public", "may not make or change tables in database keycloak"],
    [
      "Please make sure that you have both read and write permissions for the 'public.databasechangelog' table.",
      "may not make or change tables",
    ],
    ["FATAL: sorry, too many clients already", "has no connection left"],
    ["FATAL: the database system is starting up", "is starting, and does not come to its end"],
    ["FATAL: the database system is not yet accepting connections", "is starting"],
    ["Connection to 172.17.0.1:18991 refused. Check that the hostname and port are correct", "nothing listens at"],
    ["Datasource '<default>': The connection attempt failed.", "is not reached"],
    ["An I/O error occurred while sending to the backend.", "is not reached"],
    [
      "ERROR: An I/O error occurred while sending to the backend.\nERROR: Read timed out",
      "did not answer a statement within a minute",
    ],
    [
      'ERROR: could not extend file "base/16385/17630": No space left on device',
      "the disk of the database at db.example.org:5432 is full",
    ],
  ])("%s", (said, words) => {
    const found = cause(`something else\n${said}\nsomething after`);
    expect(found?.words).toContain(words);
    expect(found?.words).toContain("db.example.org:5432");
    expect(said).toContain(found?.got);
    expect(found?.remedy).toMatch(/^[A-Z].*\.$/);
  });

  it("names what the rest follows from", () => {
    const log = 'The connection attempt failed.\nFATAL: password authentication failed for user "kc"';
    expect(cause(log)?.words).toContain("password");
  });

  it("is nothing where the log is of something else", () => {
    expect(cause("Failed to start server in (production) mode")).toBeUndefined();
  });

  it("says how a container gets another password", () => {
    const { remedy } = cause('password authentication failed for user "kc"')!;
    expect(remedy).toContain("docker rm --force sso-files sso");
  });
});

describe("the database in a start command", () => {
  it("is where the options say", () => {
    const url = "--db-url=jdbc:postgresql://db.example.org:5432/keycloak?sslmode=verify-full&connectTimeout=5";
    expect(databaseIn(["start", url, "--db-username=kc"])).toEqual(DATABASE);
  });

  it("is not there where Keycloak keeps its data in a file", () => {
    expect(databaseIn(["start", "--optimized"])).toBeUndefined();
  });
});
