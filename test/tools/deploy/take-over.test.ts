import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { takeOver } from "../../../tools/deploy/take-over";
import { listen } from "../../machines/listen";
import { fakeProgram, inState, recordOutput, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const SCOPE = "keycloak_openid_client_scope";
const MAPPER = "keycloak_openid_audience_protocol_mapper";
const ROLES = "keycloak_generic_role_mapper";
/** The ids of the scope: in the state, and in the backup. */
const OLD = "11111111-1111-4111-8111-111111111111";
const NEW = "22222222-2222-4222-8222-222222222222";

/** A Keycloak whose backup has a scope and its mapper; with a file `closed` it lets nobody in. */
function keycloak() {
  return listen((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    const answer = (body: unknown) =>
      void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (existsSync(join(folder.path, "closed"))) return void response.writeHead(401).end();
    if (pathname.endsWith("/token")) return answer({ access_token: "e.e.e" });
    if (pathname.endsWith(`/${NEW}/protocol-mappers/models`)) return answer([{ id: "m2", name: "audience" }]);
    if (pathname.endsWith("/client-scopes")) return answer([{ id: NEW, name: "audience-x" }]);
    response.writeHead(404).end();
  });
}

let server: Awaited<ReturnType<typeof keycloak>>;
beforeEach(async () => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  server = await keycloak();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const scope = (id: string) => inState(SCOPE, "Scope", { realm_id: "r", name: "audience-x", id });
const mapper = (id: string, scopeId: string) =>
  inState(MAPPER, "Mapper", { realm_id: "r", client_scope_id: scopeId, name: "audience", id });

/** Takes over with a state of these entries; gives what Terraform was told, and what was said. */
async function run(...resources: object[]) {
  const write = (name: string, entries: readonly object[]) =>
    writeFileSync(join(folder.path, name), JSON.stringify({ version: 4, resources: entries }));
  write("pulled", resources);
  write("without-scope", resources.slice(1));
  write("new-scope", [...resources.slice(1), scope(NEW)]);
  write("without-mapper", [scope(NEW)]);
  write("new-mapper", [scope(NEW), mapper("m2", NEW)]);
  const terraform = fakeProgram(
    folder.path,
    "terraform",
    `case "$*" in init*) mkdir -p .terraform;; "state pull") cat pulled;;
    "state rm "*Scope*) cp without-scope pulled;; "state rm "*Mapper) cp without-mapper pulled;;
    import*Scope*) cp new-scope pulled;; import*Mapper*) cp new-mapper pulled;; esac`,
  );
  const provider = "keycloak.Keycloak";
  const stack = stackOf(
    {
      [SCOPE]: { Scope: { realm_id: "r", name: "audience-x", provider } },
      [MAPPER]: { Mapper: { realm_id: "r", client_scope_id: `\${${SCOPE}.Scope.id}`, name: "audience", provider } },
    },
    folder.path,
    "m2m",
    undefined,
    [{ alias: "Keycloak", url: server.url }],
  );
  const out = recordOutput();
  const port = Number(new URL(server.url).port);
  await takeOver(sessionIn(folder.path, out), [stack], [{ container: "kc", image: "keycloak:26.4.7", port }]);
  const steps = terraform.calls().filter((call) => /^(state rm|import)/.test(call));
  return { steps, warned: out.warned };
}

describe("after a restore the state", () => {
  it("is left alone where it knows what the backup has", async () => {
    expect(await run(scope(NEW), mapper("m2", NEW))).toEqual({ steps: [], warned: [] });
  });

  it("gets the ids of the backup, first of what others belong to", async () => {
    const { steps, warned } = await run(scope(OLD), mapper("m1", OLD));
    expect(steps).toEqual([
      `state rm ${SCOPE}.Scope`,
      `import -input=false -no-color ${SCOPE}.Scope r/${NEW}`,
      `state rm ${MAPPER}.Mapper`,
      `import -input=false -no-color ${MAPPER}.Mapper r/client-scope/${NEW}/m2`,
    ]);
    expect(warned[0]).toBe(
      `the backup has client scope audience-x of realm r; it is taken into the state as ${SCOPE}.Scope`,
    );
  });

  it("forgets settings of what has another id, which are made anew", async () => {
    const own = inState(ROLES, "Own", { realm_id: "r", client_scope_id: OLD, role_id: "x" });
    const others = inState(ROLES, "Others", { realm_id: "r", client_scope_id: "y", role_id: "x" });
    const { steps } = await run(scope(OLD), own, others);
    expect(steps[0]).toBe(`state rm ${SCOPE}.Scope ${ROLES}.Own`);
  });

  it("gets all of it where it was lost", async () => {
    expect((await run()).steps.filter((step) => step.startsWith("state rm"))).toEqual([]);
  });

  it("is left alone, with a warning, where nobody can sign in", async () => {
    writeFileSync(join(folder.path, "closed"), "");
    const { steps, warned } = await run(scope(OLD));
    expect(steps).toEqual([]);
    expect(warned).toEqual([
      expect.stringMatching(/^warning: whether the state of stack m2m fits the backup is not known: .*HTTP 401/),
    ]);
  });
});
