import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EXISTS_ALREADY } from "../../../constructs/contract/provider-errors";
import { applyStack } from "../../../tools/deploy/apply-stack";
import { fakeProgram, inState, recordOutput, sessionIn, stackOf, stateOf, temporaryFolder } from "../parts";
import { killedStack, lateKeycloak, SCOPE, terraformThat } from "./late-keycloak";

const folder = temporaryFolder();
let server: Awaited<ReturnType<typeof lateKeycloak>>;
beforeEach(async () => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  server = await lateKeycloak(folder.path);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

/** Applies with a Terraform whose first apply fails and says something; `meanwhile` is what happens in Keycloak until then. */
async function apply(inKeycloak: readonly string[], meanwhile: string, says: string = EXISTS_ALREADY) {
  const conflict = `touch tried; ${meanwhile}; echo "${says}" >&2; exit 1`;
  const terraform = terraformThat(folder.path, `apply) [ -f tried ] && exit 0; ${conflict};;`);
  const stack = killedStack(folder.path, server.url, inKeycloak);
  const session = sessionIn(folder.path, recordOutput());
  const error = await applyStack(session, stack, { yes: true, lookForMs: 5000 }).catch((e: Error) => e);
  return { error, steps: terraform.steps() };
}

describe("an apply that meets what a killed run had asked for", () => {
  it.each([
    ["is there by then", "touch made", EXISTS_ALREADY],
    ["is there by then, and the official provider says so", "touch made", "error sending POST request: 409 Conflict"],
    ["shows only some seconds later", "{ (sleep 3; touch made) >/dev/null 2>&1 & }", EXISTS_ALREADY],
    ["is there by then, and the failure was another one", "touch made", "something else"],
  ])("takes it into the state, and goes on: it %s", async (_, meanwhile, says) => {
    const { error, steps } = await apply([`${SCOPE}.Scope`], meanwhile, says);
    expect(error).toBeUndefined();
    expect(steps).toEqual(["apply", "import", "apply"]);
  });

  it.each<[string, string[], string, string]>([
    ["nothing of it appears", [`${SCOPE}.Scope`], "true", EXISTS_ALREADY],
    ["nothing of it has appeared, and Keycloak says nothing of it", [`${SCOPE}.Scope`], "true", "something else"],
    ["the killed run was not about to make it", [], "touch made", EXISTS_ALREADY],
  ])("fails once if %s", async (_, inKeycloak, meanwhile, says) => {
    const { error, steps } = await apply(inKeycloak, meanwhile, says);
    expect(error).toMatchObject({ code: "terraform-failed" });
    expect(steps).toEqual(["apply"]);
  });
});

describe("an apply where a container is gone", () => {
  /** A stack with a database, whose container Docker has or has not; gives the plans that are made. */
  async function plans(isThere: boolean): Promise<(string[] | null)[]> {
    const state = JSON.stringify({
      version: 4,
      ...stateOf(inState("docker_container", "Db", { name: "db", id: "a1" })),
    });
    fakeProgram(
      folder.path,
      "docker",
      `case "$*" in *inspect*) ${isThere ? "echo true" : "echo no such container >&2; exit 1"};; esac`,
    );
    const terraform = fakeProgram(
      folder.path,
      "terraform",
      `case "$1" in init) mkdir -p .terraform;; state) echo '${state}';; plan) exit 2;; esac`,
    );
    const stack = stackOf({ docker_container: { Db: { name: "db" } }, keycloak_realm: { R: {} } }, folder.path);
    const marks = { databases: { Database: { container: "db", database: "keycloak" } } };
    const declared = { ...stack, json: { ...stack.json, "//": marks } };
    await applyStack(sessionIn(folder.path, recordOutput()), declared, { yes: true });
    return terraform.calls().flatMap((call) => (call.startsWith("plan") ? [call.match(/-target=\S+/g)] : []));
  }

  it("brings a database back before Keycloak is asked for anything", async () => {
    expect(await plans(false)).toEqual([["-target=docker_container.Db"], null]);
    expect(await plans(true)).toEqual([null]);
  });
});
