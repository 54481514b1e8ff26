import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { CLIENT } from "../../../constructs/contract/client-keys";
import { lostWithItsState } from "../../../tools/deploy/lost-state";
import { EMPTY } from "../../../tools/project/state";
import { listen } from "../../machines/listen";
import { inState, stackOf, stateOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const SCOPE = "keycloak_openid_client_scope";

const certificate = (name: string) =>
  readFileSync(join(__dirname, "../../fixtures/certs", `${name}.crt`), "utf8").replaceAll(/-----[^-]+-----|\s/g, "");
const keyOf = (name: string) => ({ "jwt.credential.certificate": certificate(name), "use.jwks.string": "false" });
const [A, B] = [keyOf("machine-a"), keyOf("machine-b")];

/** The clients that Keycloak has, each with the attributes of its key. */
let clients: Record<string, Record<string, string>>;
let server: Awaited<ReturnType<typeof listen>>;
beforeEach(async () => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
  server = await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const clientId = searchParams.get("clientId") ?? "";
    const found = clients[clientId] ? [{ id: "1", clientId, attributes: clients[clientId] }] : [];
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(pathname.endsWith("/token") ? { access_token: "e.e.e" } : found));
  });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const provider = "keycloak.Keycloak";
function stack(url = server.url) {
  const client = (client_id: string, extra_config: object) => ({ realm_id: "r", client_id, extra_config, provider });
  const resource = {
    [CLIENT]: { A: client("a", A), B: client("b", B) },
    [SCOPE]: { Scope: { realm_id: "r", name: "audience-b", provider } },
    keycloak_openid_client_default_scopes: { Scopes: { realm_id: "r", provider } },
  };
  return stackOf(resource, folder.path, "m2m", undefined, [{ alias: "Keycloak", url }]);
}
const ALL = [`${CLIENT}.A`, `${CLIENT}.B`, `${SCOPE}.Scope`];

it.each<[string, typeof clients]>([
  ["all clients", { a: A, b: B }],
  ["some of them", { a: A }],
])("a stack whose state is lost is known by its keys: Keycloak has %s", async (_, there) => {
  clients = there;
  expect((await lostWithItsState(stack(), EMPTY)).sort()).toEqual([...ALL].sort());
});

it("what the state has is not looked for", async () => {
  clients = { a: A, b: B };
  const state = stateOf(inState(CLIENT, "A", { realm_id: "r", client_id: "a", id: "1" }));
  expect((await lostWithItsState(stack(), state)).sort()).toEqual(ALL.slice(1).sort());
});

it.each<[string, typeof clients]>([
  ["a client has another key: it is somebody else's", { a: A, b: A }],
  ["a client has no key", { a: {} }],
  ["there is none of its clients", {}],
])("nothing is taken where %s", async (_, there) => {
  clients = there;
  expect(await lostWithItsState(stack(), EMPTY)).toEqual([]);
});
