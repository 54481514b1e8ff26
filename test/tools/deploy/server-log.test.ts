import { describe, expect, it } from "vitest";
import { withServerLog } from "../../../tools/deploy/server-log";
import { TerraformFailure } from "../../../tools/engines/terraform-failure";
import { fakeProgram, pathWith, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const REFUSED = `{"timestamp":"t","level":"WARN","loggerName":"io.agroal.pool","message":"password authentication failed for user \\"kc\\""}`;
const command = ["start", "--db-url=jdbc:postgresql://db:5432/keycloak?x=y", "--db-username=kc"];
const STACK = stackOf({
  docker_container: {
    Good: { name: "good", command, wait: true },
    Bad: { name: "bad", command, wait: true },
    Own: { name: "db", wait: true },
    Carrier: { name: "bad-files" },
  },
});
const marked = {
  ...STACK,
  json: { ...STACK.json, "//": { databases: { Db: { container: "db", database: "keycloak" } } } },
};

/** What is said of a failure where one server does not become healthy, and logs have some lines. */
async function said(output: string, logs: Record<string, string>, stack = STACK): Promise<string> {
  const log = Object.entries(logs).map(
    ([name, text]) => `*logs*\\ ${name}) cat <<'E'\n2026-11-30T00:00:00Z ${text}\nE\n;;`,
  );
  const health = "*inspect*\\ bad) echo 1 unhealthy;;\n*inspect*) echo 0 healthy;;";
  fakeProgram(folder.path, "docker", `case "$*" in\n${health}\n${log.join("\n")}\nesac`);
  const error = new TerraformFailure("apply", "m2m", output);
  return ((await withServerLog(error, stack, pathWith(folder.path))) as Error).message;
}

describe("a failure of Terraform where a server is not ready", () => {
  it("names the cause, and shows the log of that server alone", async () => {
    const text = await said("container failed to be in healthy state", { bad: REFUSED, good: "all is well" });
    expect(text).toContain("bad cannot use its database: the database at db:5432 refuses the password of user kc");
    expect(text).toContain("The last lines of bad's log:");
    expect(text).not.toContain("good");
  });

  it("shows the log where the cause is not known", async () => {
    const text = await said("container failed to be in healthy state", { bad: "something new" });
    expect(text).toContain("something new");
    expect(text).not.toContain("cannot use its database");
  });

  it("finds the cause also where Keycloak takes it for a wrong value", async () => {
    const bad =
      'Batch entry 0 was aborted: ERROR: could not extend file "base/1/2_fsm": No space left on device. Call it';
    const text = await said('Keycloak answered HTTP 400, "Database operation failed"', { bad });
    expect(text).toContain('Its log: could not extend file "base/1/2_fsm": No space left on device. Make room');
  });

  it("asks the database itself, where it is in a container", async () => {
    const logs = { bad: "The connection attempt failed.", db: "PANIC: could not write: No space left on device" };
    expect(await said("The answer was HTTP 500", logs, marked)).toContain(
      "the disk of the database at db:5432 is full",
    );
  });

  it("reads the log of a cluster's service", async () => {
    const task_spec = { container_spec: { args: command } };
    const stack = stackOf({ docker_service: { S: { name: "sso-servers", task_spec } } });
    const text = await said("did not converge", { "sso-servers": REFUSED }, stack);
    expect(text).toContain(
      "sso-servers cannot use its database: the database at db:5432 refuses the password of user kc",
    );
    expect(text).toContain("A cluster has it in a secret that is made once");
  });

  it("stays as it is where Keycloak answered, or its log says nothing of the database", async () => {
    expect(await said("realm exists", { bad: REFUSED })).toBe("terraform apply of stack m2m failed:\nrealm exists");
    expect(await said("got HTTP 500", { bad: "all is well" })).toBe(
      "terraform apply of stack m2m failed:\ngot HTTP 500",
    );
  });
});
