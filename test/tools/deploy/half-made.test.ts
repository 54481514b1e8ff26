import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { aboutToMake, adopt } from "../../../tools/deploy/half-made";
import type { ResourceChange } from "../../../tools/engines/saved-plan";
import { listen } from "../../machines/listen";
import { fakeProgram, inState, recordOutput, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const SCOPE = "keycloak_openid_client_scope";
const MAPPER = "keycloak_openid_audience_protocol_mapper";

/** A Keycloak with a scope and its mapper, and nothing else. */
async function keycloak() {
  return await listen((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://x");
    const answer = (body: unknown) =>
      void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (pathname.endsWith("/token")) return answer({ access_token: "e.e.e" });
    if (pathname.endsWith("/s1/protocol-mappers/models")) return answer([{ id: "m1", name: "audience" }]);
    if (pathname.endsWith("/client-scopes")) return answer([{ id: "s1", name: "audience-x" }]);
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

const provider = "keycloak.Keycloak";
const scopeOf = (name: string) => ({ realm_id: "r", name, provider });

function stack(url = server.url, more = {}) {
  const resource = {
    [SCOPE]: { Scope: scopeOf("audience-x"), Other: scopeOf("audience-y") },
    [MAPPER]: { Mapper: { realm_id: "r", client_scope_id: `\${${SCOPE}.Scope.id}`, name: "audience", provider } },
    ...more,
  };
  return stackOf(resource, folder.path, "m2m", undefined, [{ alias: "Keycloak", url }]);
}

describe("what a run writes down before it makes it", () => {
  const PLAN = { resource_changes: [creation(SCOPE, "Scope"), creation(SCOPE, "Other"), creation(MAPPER, "Mapper")] };
  function creation(type: string, name: string): ResourceChange {
    const after =
      type === SCOPE ? scopeOf(name === "Scope" ? "audience-x" : "audience-y") : { realm_id: "r", name: "audience" };
    return {
      address: `${type}.${name}`,
      mode: "managed",
      type,
      name,
      change: { actions: ["create"], before: null, after },
    };
  }

  it("leaves out what is there already: it belongs to somebody else", async () => {
    expect(await aboutToMake(stack(), PLAN)).toEqual([`${SCOPE}.Other`, `${MAPPER}.Mapper`]);
  });

  it("has what is made anew in its own place", async () => {
    const [scope] = PLAN.resource_changes;
    const change = { ...scope!.change, actions: ["delete", "create"] as const };
    expect(await aboutToMake(stack(), { resource_changes: [{ ...scope!, change }] })).toEqual([`${SCOPE}.Scope`]);
  });

  it("is all where the server itself is still to be made, and nothing where another's does not answer", async () => {
    const container = { docker_container: { C: { name: "keycloak", ports: [{ external: 1 }] } } };
    expect(await aboutToMake(stack("http://localhost:1", container), PLAN)).toHaveLength(3);
    expect(await aboutToMake(stack("http://localhost:1"), PLAN)).toEqual([]);
  });
});

describe("what a killed run made", () => {
  /** A Terraform whose import adds an entry to the state. */
  function terraform(resources: object[] = []) {
    const state = join(folder.path, "pulled");
    writeFileSync(state, JSON.stringify({ version: 4, resources }));
    const entry = JSON.stringify(inState(SCOPE, "Scope", { realm_id: "r", name: "audience-x", id: "s1" }));
    const mapper = JSON.stringify(
      inState(MAPPER, "Mapper", { realm_id: "r", client_scope_id: "s1", name: "audience" }),
    );
    writeFileSync(join(folder.path, "scope"), `{"version":4,"resources":[${entry}]}`);
    writeFileSync(join(folder.path, "mapper"), `{"version":4,"resources":[${entry},${mapper}]}`);
    return fakeProgram(
      folder.path,
      "terraform",
      `case "$1 $4" in state*) cat pulled;; *${SCOPE}.Scope) cp scope pulled;; *) cp mapper pulled;; esac`,
    );
  }
  const ALL = [`${SCOPE}.Scope`, `${SCOPE}.Other`, `${MAPPER}.Mapper`, `${SCOPE}.Gone`];

  it("is taken into the state, first what others belong to, and is told", async () => {
    const program = terraform();
    const out = recordOutput();
    await adopt(sessionIn(folder.path, out), stack(), ALL);
    expect(program.calls().filter((call) => call.startsWith("import"))).toEqual([
      `import -input=false -no-color ${SCOPE}.Scope r/s1`,
      `import -input=false -no-color ${MAPPER}.Mapper r/client-scope/s1/m1`,
    ]);
    expect(out.warned).toEqual([
      `an interrupted run made client scope audience-x of realm r; it is taken into the state as ${SCOPE}.Scope`,
      `an interrupted run made mapper audience of realm r; it is taken into the state as ${MAPPER}.Mapper`,
    ]);
    expect(JSON.parse(readFileSync(join(folder.path, "pulled"), "utf8")).resources).toHaveLength(2);
  });

  it("is left alone if no run of this checkout was about to make it", async () => {
    const program = terraform();
    await adopt(sessionIn(folder.path), stack(), []);
    expect(program.calls().filter((call) => call.startsWith("import"))).toEqual([]);
  });

  it("is not looked for where its server does not answer", async () => {
    const program = terraform();
    await adopt(sessionIn(folder.path), stack("http://localhost:1"), ALL);
    expect(program.calls().filter((call) => call.startsWith("import"))).toEqual([]);
  });
});
