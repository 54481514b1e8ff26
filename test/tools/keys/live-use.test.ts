import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  DEFAULT_ADMINISTRATOR,
  environmentName,
  variableName,
  variableReference,
} from "../../../constructs/contract/first-administrator";
import { type Question, usesOf } from "../../../tools/keys/live-use";
import { listen } from "../../machines/listen";
import { stackOf } from "../parts";

/**
 * Keycloak's side of a question, as far as it is asked: so many sign-ins cannot be made on a real one within a test, nor two
 * servers be told apart by who was asked. The real one is asked in test/e2e/rotation.test.ts and deployer.test.ts.
 */
async function keycloak(events: readonly object[], enabledEventTypes: readonly string[] = ["CLIENT_LOGIN"]) {
  const asked: string[] = [];
  const server = await listen(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    let form = "";
    for await (const chunk of request) form += chunk;
    if (pathname.endsWith("/token")) asked.push(new URLSearchParams(form).get("password") ?? "");
    const first = Number(searchParams.get("first"));
    const answer = pathname.endsWith("/token")
      ? { access_token: "e.e.e" }
      : pathname.endsWith("/config")
        ? { eventsEnabled: true, enabledEventTypes }
        : events.slice(first, first + Number(searchParams.get("max")));
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
  });
  return { ...server, asked };
}

const SINCE = new Date("2026-01-01T00:00:00Z");
const event = (key: string, minute: number) => ({
  time: SINCE.getTime() + minute * 60_000,
  ipAddress: "10.0.0.1",
  details: { client_assertion_id: `${key}.abc` },
});

type Server = Awaited<ReturnType<typeof keycloak>>;
let own: Server;
let company: Server;
beforeEach(() => {
  for (const name of ["KEYCLOAK_USER", "KEYCLOAK_PASSWORD"]) vi.stubEnv(name, undefined);
  for (const server of ["keycloak", "company"]) {
    for (const what of ["username", "password"] as const) {
      vi.stubEnv(environmentName(variableName(server, what)), undefined);
    }
  }
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all([own?.close(), company?.close()]);
});

/** A stack with a server of its own and one that exists, as the constructs declare them. */
function question(alias: string, completely = true): Question {
  const login = (id: string) => ({
    username: variableReference(id, "username"),
    password: variableReference(id, "password"),
  });
  const stack = stackOf({}, "/nowhere", "m2m", undefined, [
    { alias: "Keycloak", url: own.url, ...login("keycloak") },
    { alias: "Company", url: company.url, ...login("company") },
  ] as never);
  const variable = {
    [variableName("keycloak", "username")]: { default: DEFAULT_ADMINISTRATOR.username },
    [variableName("keycloak", "password")]: { default: DEFAULT_ADMINISTRATOR.password },
    [variableName("company", "username")]: { default: null },
    [variableName("company", "password")]: { default: null },
  };
  Object.assign(stack.json, { variable });
  return { stack, realm: "r", clientId: "m", providerAlias: alias, since: SINCE, completely };
}

describe("the sign-ins of a client", () => {
  it("are asked of its own server, with that server's password", async () => {
    [own, company] = [await keycloak([]), await keycloak([event("aaaaaaaa", 1)])];
    vi.stubEnv("TF_VAR_keycloak_admin_password", "of our own");
    vi.stubEnv("TF_VAR_company_admin_password", "of the company");
    await expect(usesOf(question("Company"))).rejects.toMatchObject({
      code: "keycloak-unreachable",
      message: `no administrator's name for ${company.url}; give it in KEYCLOAK_USER`,
    });
    vi.stubEnv("TF_VAR_company_admin_username", "operator");
    expect(await usesOf(question("Company"))).toMatchObject([{ key: "aaaaaaaa", address: "10.0.0.1" }]);
    expect([own.asked, company.asked]).toEqual([[], ["of the company"]]);
    expect(await usesOf(question("Keycloak"))).toEqual([]);
    expect(own.asked).toEqual(["of our own"]);
  });

  it("are not asked for without a password; a default counts for its own server only", async () => {
    [own, company] = [await keycloak([]), await keycloak([])];
    await expect(usesOf(question("Company"))).rejects.toMatchObject({
      code: "keycloak-unreachable",
      message: `no administrator's password for ${company.url}; give it in KEYCLOAK_PASSWORD`,
    });
    await usesOf(question("Keycloak"));
    expect([own.asked, company.asked]).toEqual([["change_me"], []]);
  });

  it("are the latest of each key and address since a time; other programs have no key", async () => {
    const foreign = { ...event("x", 3), details: { client_assertion_id: "0b1d9e7c-1f57-4f0a-9a51-2d3f" } };
    [own, company] = [
      await keycloak([event("aaaaaaaa", 4), foreign, event("aaaaaaaa", 2), event("bbbbbbbb", -1)]),
      await keycloak([]),
    ];
    expect(await usesOf(question("Keycloak"))).toEqual([
      { key: "aaaaaaaa", address: "10.0.0.1", last: new Date("2026-01-01T00:04:00Z") },
      { key: undefined, address: "10.0.0.1", last: new Date("2026-01-01T00:03:00Z") },
    ]);
  });

  it("are incomplete above 20,000, which is an error if all are needed", async () => {
    const many = Array.from({ length: 20_001 }, (_, i) => event("aaaaaaaa", 30_000 - i));
    [own, company] = [await keycloak(many), await keycloak([])];
    await expect(usesOf(question("Keycloak"))).rejects.toThrow("m has signed in more than 20000 times since");
    expect(await usesOf(question("Keycloak", false))).toHaveLength(1);
  });

  it.each([
    [["LOGIN", "LOGIN_ERROR"], undefined],
    [["LOGIN", "CLIENT_LOGIN"], []],
    [[], []], // Keycloak's own choice, of which sign-ins are one
  ])("are not known of a realm that keeps other events, %j", async (types, expected) => {
    [own, company] = [await keycloak([], types), await keycloak([])];
    expect(await usesOf(question("Keycloak"))).toEqual(expected);
  });
});
