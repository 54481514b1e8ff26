import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createGuard,
  createVerifier,
  expressGuard,
  fastifyGuard,
  type Guard,
  honoGuard,
  protect,
  type RouteNeeds,
  type VerifyToken,
} from "../../../machines";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { SERVERS } from "./guarded-servers";

const folder = testFolder();
let issuer: TestIssuer;
let verify: VerifyToken;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  verify = createVerifier(issuer.open(), { audience: "machine-b" });
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

const clerk = { resource_access: { "machine-b": { roles: ["clerk", "auditor"] } } };
const reader = { scope: "profile orders:read" };

describe.each(SERVERS)("what a route needs in %s", (_name, build) => {
  it("is demanded there, beside what the guard demands, and not on other routes of the same guard", async () => {
    const guard = createGuard({ verify, scopes: ["profile"], roles: ["clerk"] });
    const api = await listen(await build(guard, { scopes: ["orders:read"], roles: ["auditor"] }));
    const call = async (path: string, claims: object) => {
      const authorization = `Bearer ${await issuer.mint({ ...clerk, ...claims })}`;
      const response = await fetch(api.url + path, { headers: { authorization } });
      const { code } = (await response.json()) as { code?: string };
      return [response.status, code, response.headers.get("www-authenticate")];
    };
    expect(await call("/route", reader)).toEqual([200, undefined, null]);
    expect(await call("/route", { scope: "profile" })).toEqual([
      403,
      "ERR_TOKEN_SCOPE",
      'Bearer error="insufficient_scope", error_description="the token lacks the scope orders:read", scope="profile orders:read"',
    ]);
    const { 1: withoutGuards } = await call("/route", { scope: "orders:read" });
    expect(withoutGuards).toBe("ERR_TOKEN_SCOPE");
    const roles = (...names: string[]) => ({ ...reader, resource_access: { "machine-b": { roles: names } } });
    expect((await call("/route", roles("clerk"))).slice(0, 2)).toEqual([403, "ERR_TOKEN_ROLE"]);
    expect((await call("/route", roles("auditor"))).slice(0, 2)).toEqual([403, "ERR_TOKEN_ROLE"]);
    expect(await call("/api/me", { scope: "profile" })).toEqual([200, undefined, null]);
    await api.close();
  });
});

describe("needs of another form", () => {
  const guard = createGuard({ verify: (token) => verify(token) });
  const adapters: [string, (guard: Guard, needs: RouteNeeds) => unknown][] = [
    ["honoGuard", honoGuard],
    ["expressGuard", expressGuard],
    ["fastifyGuard", fastifyGuard],
    ["protect", (guard, needs) => protect(guard, needs, () => new Response())],
  ];
  const odd: [unknown, string][] = [
    [["orders:read"], "what a route needs must be an object of `scopes` and `roles`, got: "],
    [null, "what a route needs must be an object of `scopes` and `roles`, got: null"],
    ["orders:read", "what a route needs must be an object of `scopes` and `roles`, got: orders:read"],
    [{ scope: "orders:read" }, "`scope` is nothing that a route can need; the options are `scopes` and `roles`"],
    [{ scopes: "orders:read" }, "`scopes` must be a list of strings, got: string"],
    [{ scopes: ["a b"] }, "`scopes` must list single scopes (RFC 6749 section 3.3), got: a b"],
    [{}, "what a route needs must have `scopes` or `roles`, got: neither"],
    [new Map([["scopes", ["a"]]]), "what a route needs must have `scopes` or `roles`, got: neither"],
    [{ scopes: undefined, roles: ["a"] }, "`scopes` must be a list of strings, got: undefined"],
    [{ scopes: ["a"], roles: undefined }, "`roles` must list names of roles, got: "],
    [{ roles: [""] }, "`roles` must list names of roles"],
  ];

  it.each(adapters)("are refused at once by %s", (_name, adapt) => {
    for (const [needs, message] of odd) {
      expect(() => adapt(guard, needs as RouteNeeds), JSON.stringify(needs)).toThrow(message);
    }
  });

  it.each(adapters)("are refused at once by %s for a guard that would not see them", (_name, adapt) => {
    const around: Guard = (authorization, request) => guard(authorization, request);
    expect(() => adapt(around, { scopes: ["a"] })).toThrow(
      "the guard must take what a route needs as its third argument, as those of createGuard do, got: a function of 2; hand it on:",
    );
    const handedOn: Guard = (authorization, request, needs) => guard(authorization, request, needs);
    expect(() => adapt(handedOn, { scopes: ["a"] })).not.toThrow();
  });

  it("are an error of the call to the guard itself, with a token or without", async () => {
    for (const authorization of [undefined, `Bearer ${await issuer.mint()}`]) {
      const judged = guard(authorization, undefined, { scope: "a" } as RouteNeeds);
      await expect(judged).rejects.toMatchObject({ code: "ERR_OPTION" });
    }
  });
});

describe("what a route needs", () => {
  it("does not change with the list that it was told by", async () => {
    const scopes = ["orders:read"];
    const api = await listen(await SERVERS[2]![1](createGuard({ verify }), { scopes }));
    scopes.pop();
    const response = await fetch(`${api.url}/route`, { headers: { authorization: `Bearer ${await issuer.mint()}` } });
    expect(response.status).toBe(403);
    await api.close();
  });

  it("may be told to the guard itself, in a list that changes", async () => {
    const guard = createGuard({ verify });
    const header = `Bearer ${await issuer.mint(reader)}`;
    const needs = { scopes: ["orders:read"] };
    expect(await guard(header, undefined, needs)).toHaveProperty("token");
    needs.scopes.push("orders:write");
    expect(await guard(header, undefined, needs)).toHaveProperty("refusal");
  });
});
