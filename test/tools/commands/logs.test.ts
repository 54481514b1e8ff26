import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { logs } from "../../../tools/commands/logs";
import { fakeProgram, inState, projectIn, recordOutput, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
beforeEach(() => {
  vi.stubEnv("PATH", `${folder.path}:/usr/bin:/bin`);
  const containers = ["keycloak", "machine-b"].map((name, index) =>
    inState("docker_container", name, { name, id: `a${index}` }),
  );
  const state = JSON.stringify({ version: 4, ...stateOf(...containers) });
  writeFileSync(join(folder.path, "terraform.m2m.tfstate"), state);
});
afterEach(() => void vi.unstubAllEnvs());

/** A Docker that has these containers. */
function docker(...ids: string[]): void {
  const answers = ids.map((id) => `"container inspect "*${id}) echo true;; "logs "*${id}) echo log of ${id};;`);
  const script = `case "$*" in ${answers.join(" ")} *) echo "Error: No such container: x" >&2; exit 1;; esac`;
  fakeProgram(folder.path, "docker", script);
}

async function run() {
  const out = recordOutput();
  const results: string[] = [];
  await logs(projectIn(folder.path), { ...out, result: (text) => void results.push(text) }, { follow: false, tail: 9 });
  return { warned: out.warned, results };
}

describe("logs", () => {
  it("are those of the state's containers", async () => {
    docker("a0", "a1");
    expect(await run()).toEqual({
      warned: [],
      results: ["==> keycloak <==\nlog of a0\n\n==> machine-b <==\nlog of a1"],
    });
  });

  it("are those of a service's replicas too", async () => {
    const state = stateOf(inState("docker_service", "S", { name: "sso-servers", id: "s0" }));
    writeFileSync(join(folder.path, "terraform.m2m.tfstate"), JSON.stringify({ version: 4, ...state }));
    const line = "sso-servers.1.x@n    | log of a replica";
    fakeProgram(
      folder.path,
      "docker",
      `case "$*" in "service inspect "*) echo s0;; "service logs "*) echo "${line}";; esac`,
    );
    expect((await run()).results).toEqual([`==> sso-servers <==\n${line}`]);
  });

  it("say which container is gone", async () => {
    docker("a1");
    expect(await run()).toEqual({
      warned: ["no longer there, nor its log: keycloak; run `m2m up` to bring it back"],
      results: ["==> machine-b <==\nlog of a1"],
    });
  });

  it("fail where all are gone", async () => {
    docker();
    await expect(run()).rejects.toMatchObject({
      code: "not-deployed",
      message: "no longer there, nor their logs: keycloak, machine-b; run `m2m up` to bring them back",
    });
  });
});
