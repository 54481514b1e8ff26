// A run after one that was killed, while Keycloak is still at work on what that one asked for.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applyStack } from "../../../tools/deploy/apply-stack";
import { listen } from "../../machines/listen";
import { fakeProgram, inState, recordOutput, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const SCOPE = "keycloak_openid_client_scope";
const here = (file: string) => join(folder.path, file);

let server: Awaited<ReturnType<typeof listen>>;
beforeEach(async () => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  // A Keycloak that has the scope as soon as the file says so.
  server = await listen((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    const scopes = existsSync(here("made")) ? [{ id: "s1", name: "audience-x" }] : [];
    const body = pathname.endsWith("/token") ? { access_token: "e.e.e" } : scopes;
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
  });
  const known = JSON.stringify(inState(SCOPE, "Scope", { realm_id: "r", name: "audience-x", id: "s1" }));
  writeFileSync(here("empty"), '{"version":4,"resources":[]}');
  writeFileSync(here("known"), `{"version":4,"resources":[${known}]}`);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

/** Applies with a Terraform whose first apply fails with a conflict; `meanwhile` is what happens in Keycloak until then. */
async function apply(inKeycloak: readonly string[], meanwhile: string) {
  mkdirSync(here(".m2m"), { recursive: true });
  const killed = { pid: 99_999_999, started: "1", things: [], before: [], inKeycloak };
  writeFileSync(here(".m2m/attempt-m2m.json"), JSON.stringify(killed));
  const program = fakeProgram(
    folder.path,
    "terraform",
    `case "$1" in
      init) mkdir -p .terraform;;
      state) [ -f imported ] && cat known || cat empty;;
      import) touch imported;;
      apply) [ -f tried ] && exit 0; touch tried; ${meanwhile}; echo "it exists already" >&2; exit 1;;
    esac`,
  );
  const provider = "keycloak.Keycloak";
  const resource = { [SCOPE]: { Scope: { realm_id: "r", name: "audience-x", provider } } };
  const stack = stackOf(resource, folder.path, "m2m", undefined, [{ alias: "Keycloak", url: server.url }]);
  const error = await applyStack(sessionIn(folder.path, recordOutput()), stack, { yes: true }).catch((e: Error) => e);
  return { error, steps: program.calls().map((call) => call.split(" ")[0]) };
}

describe("an apply that meets what the killed run had asked for", () => {
  it("takes it into the state, and goes on", async () => {
    const { error, steps } = await apply([`${SCOPE}.Scope`], "touch made");
    expect(error).toBeUndefined();
    expect(steps.filter((step) => step === "apply" || step === "import")).toEqual(["apply", "import", "apply"]);
  });

  it.each<[string, string[], string]>([
    ["nothing of it has appeared", [`${SCOPE}.Scope`], "true"],
    ["the killed run was not about to make it", [], "touch made"],
  ])("fails once if %s", async (_, inKeycloak, meanwhile) => {
    const { error, steps } = await apply(inKeycloak, meanwhile);
    expect(error).toMatchObject({ code: "terraform-failed" });
    expect(steps.filter((step) => step === "apply" || step === "import")).toEqual(["apply"]);
  });
});
