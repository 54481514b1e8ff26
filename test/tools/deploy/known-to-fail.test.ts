import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { refuseKnownToFail } from "../../../tools/deploy/known-to-fail";
import type { ResourceChange } from "../../../tools/engines/saved-plan";
import { listen } from "../../machines/listen";
import { stackOf } from "../parts";

/** A Keycloak with one realm, its scopes and its clients, as far as it is asked; it may refuse to tell. */
async function keycloak(isSilent = false) {
  return await listen((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    const answer = (status: number, body?: unknown) =>
      void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body ?? {}));
    if (pathname.endsWith("/token")) return answer(200, { access_token: "e.e.e" });
    if (isSilent) return answer(403);
    if (!pathname.startsWith("/admin/realms/prod")) return answer(404);
    if (pathname.endsWith("/client-scopes")) return answer(200, [{ name: "email" }, { name: "audience-api" }]);
    if (pathname.endsWith("/clients")) return answer(200, searchParams.get("clientId") === "api" ? [{ id: "1" }] : []);
    answer(200, { realm: "prod" });
  });
}

type Values = Record<string, unknown>;
const ALWAYS = { name: "X", mode: "managed" };
const make = (type: string, after: Values, action: "create" | "update" = "create"): ResourceChange => {
  return { ...ALWAYS, address: `${type}.X`, type, change: { actions: [action], before: null, after } };
};
const drop = (type: string, before: Values): ResourceChange => {
  return { ...ALWAYS, address: `${type}.Y`, type, change: { actions: ["delete"], before, after: null } };
};

const CLIENT = "keycloak_openid_client";
const SCOPE = "keycloak_openid_client_scope";
const LIST = "keycloak_openid_client_default_scopes";
const AUDIENCE = "keycloak_openid_audience_protocol_mapper";

let server: Awaited<ReturnType<typeof keycloak>>;
beforeEach(() => {
  vi.stubEnv("KEYCLOAK_USER", "x");
  vi.stubEnv("KEYCLOAK_PASSWORD", "x");
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

async function check(changes: ResourceChange[], isSilent = false): Promise<string> {
  server = await keycloak(isSilent);
  const keycloakProvider = { alias: "Keycloak", url: server.url };
  const resource = Object.fromEntries(changes.map(({ type }) => [type, { X: { provider: "keycloak.Keycloak" } }]));
  const stack = stackOf(resource, "/nowhere", "m2m", undefined, [keycloakProvider]);
  return await refuseKnownToFail(stack, { resource_changes: changes }).then(
    () => "",
    (error: { code: string; message: string }) => `${error.code}: ${error.message}`,
  );
}

describe("a plan that destroys something and then fails is refused", () => {
  it.each<[string, ResourceChange[], string]>([
    [
      "a realm that is not there",
      [make(CLIENT, { realm_id: "prdo" })],
      `realm prdo does not exist; correct its name (${CLIENT}.X)`,
    ],
    [
      "a scope that is not there",
      [make(LIST, { realm_id: "prod", default_scopes: ["email", "emial"] }, "update")],
      `client scope emial of realm prod does not exist (${LIST}.X)`,
    ],
    [
      "a scope that the plan itself destroys",
      [make(LIST, { realm_id: "prod", optional_scopes: ["email"] }), drop(SCOPE, { realm_id: "prod", name: "email" })],
      `client scope email of realm prod does not exist (${LIST}.X)`,
    ],
    [
      "a grant to an unknown client",
      [make(LIST, { realm_id: "prod", default_scopes: ["audience-apo"] })],
      `client scope audience-apo of realm prod does not exist: no call is granted where client apo is declared, or there is no such client (${LIST}.X)`,
    ],
    [
      "an audience that is not there",
      [make(AUDIENCE, { realm_id: "prod", included_client_audience: "apo" })],
      `client apo of realm prod, an audience, does not exist (${AUDIENCE}.X)`,
    ],
  ])("for %s", async (_, changes, problem) => {
    expect(await check(changes)).toBe(
      `plan-would-fail: nothing was changed, because the apply of stack m2m would fail after it has destroyed something:\n  ${problem}`,
    );
  });
});

describe("a plan goes on", () => {
  it.each<[string, ResourceChange[]]>([
    [
      "with what is there",
      [
        make(LIST, { realm_id: "prod", default_scopes: ["email", "audience-api"] }),
        make(AUDIENCE, { realm_id: "prod", included_client_audience: "api" }),
      ],
    ],
    [
      "in a realm that it makes itself",
      [make("keycloak_realm", { realm: "new" }), make(LIST, { realm_id: "new", default_scopes: ["email"] })],
    ],
    [
      "with a scope that it makes itself",
      [make(SCOPE, { realm_id: "prod", name: "mine" }), make(LIST, { realm_id: "prod", default_scopes: ["mine"] })],
    ],
    [
      "with an audience that it makes itself",
      [
        make(CLIENT, { realm_id: "prod", client_id: "mine" }),
        make(AUDIENCE, { realm_id: "prod", included_client_audience: "mine" }),
      ],
    ],
    [
      "with what is known only once it is applied",
      [make(CLIENT, {}), make(LIST, { realm_id: "prod", default_scopes: [null] })],
    ],
    ["where nothing of Keycloak is made", [drop(CLIENT, { realm_id: "prod" }), make("docker_network", { name: "n" })]],
  ])("%s", async (_, changes) => {
    expect(await check(changes)).toBe("");
  });

  it("where Keycloak does not tell this user", async () => {
    expect(await check([make(LIST, { realm_id: "prdo", default_scopes: ["emial"] })], true)).toBe("");
  });
});
