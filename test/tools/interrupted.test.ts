import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { forgetAttempt, recordAttempt, removeInterrupted } from "../../tools/interrupted";
import type { Session } from "../../tools/session";
import { EMPTY } from "../../tools/state";
import { fakeProgram, inState, pathWith, projectIn, recordOutput, stackOf, stateOf, temporaryFolder } from "./parts";

const folder = temporaryFolder();
const record = () => join(folder.path, ".m2m", "attempt-m2m.json");

const stack = () =>
  stackOf(
    {
      docker_container: { C: { name: "keycloak" } },
      docker_network: { N: { name: "net" } },
      docker_volume: { V: { name: "data" } },
    },
    folder.path,
  );

/** A session whose Docker holds these containers, networks and volumes. */
function session(there: { container?: string; network?: string; volume?: string }) {
  const answers = Object.entries(there).map(([kind, name]) => `"${kind} ls "*) echo ${name};;`);
  const docker = fakeProgram(folder.path, "docker", `case "$*" in ${answers.join(" ")} *) ;; esac`);
  const terraform = fakeProgram(folder.path, "terraform", "");
  const out = recordOutput();
  const opened: Session = {
    project: projectIn(folder.path),
    out,
    env: pathWith(folder.path),
    terraformBinary: terraform.path,
  };
  const removals = () => docker.calls().filter((call) => call.includes(" rm "));
  return { opened, out, removals, terraform };
}

describe("before an apply", () => {
  it("writes down what does not exist yet", async () => {
    await recordAttempt(session({ network: "net" }).opened, stack());
    expect(JSON.parse(readFileSync(record(), "utf8"))).toEqual([
      { kind: "container", name: "keycloak" },
      { kind: "volume", name: "data" },
    ]);
  });

  it("writes nothing where everything exists", async () => {
    await recordAttempt(session({ container: "keycloak", network: "net", volume: "data" }).opened, stack());
    expect(existsSync(record())).toBe(false);
  });

  it("is forgotten once the apply is done, twice too", async () => {
    const { opened } = session({});
    await recordAttempt(opened, stack());
    forgetAttempt(opened, stack());
    forgetAttempt(opened, stack());
    expect(existsSync(record())).toBe(false);
  });
});

describe("after an interruption", () => {
  it("removes what was made and the state never heard of, and takes what was in the volume out of the state", async () => {
    await recordAttempt(session({}).opened, stack());
    const { opened, out, removals, terraform } = session({ container: "keycloak", volume: "data" });
    const state = stateOf(inState("keycloak_realm", "R", {}));
    expect(await removeInterrupted(opened, stack(), state)).toBe(true);
    expect(removals()).toEqual(["container rm --force keycloak", "volume rm data"]);
    expect(terraform.calls()).toEqual(["state rm keycloak_realm.R"]);
    expect(out.warned).toEqual(["removing what an interrupted run left: container keycloak, volume data"]);
  });

  it("leaves the state alone where the volume is not among it", async () => {
    await recordAttempt(session({ volume: "data" }).opened, stack());
    const { opened, removals, terraform } = session({ container: "keycloak", volume: "data" });
    expect(await removeInterrupted(opened, stack(), stateOf(inState("keycloak_realm", "R", {})))).toBe(false);
    expect(removals()).toEqual(["container rm --force keycloak"]);
    expect(terraform.calls()).toEqual([]);
  });

  it("leaves what the state knows", async () => {
    await recordAttempt(session({}).opened, stack());
    const { opened, removals } = session({ container: "keycloak" });
    const state = stateOf(inState("docker_container", "C", { name: "keycloak" }));
    expect(await removeInterrupted(opened, stack(), state)).toBe(false);
    expect(removals()).toEqual([]);
  });

  it("leaves what was there before that run", async () => {
    await recordAttempt(session({ container: "keycloak" }).opened, stack());
    const { opened, removals } = session({ container: "keycloak" });
    expect(await removeInterrupted(opened, stack(), EMPTY)).toBe(false);
    expect(removals()).toEqual([]);
  });

  it("does nothing without a record", async () => {
    const { opened, removals } = session({ container: "keycloak", volume: "data" });
    expect(await removeInterrupted(opened, stack(), EMPTY)).toBe(false);
    expect(removals()).toEqual([]);
  });
});
