import { describe, expect, it } from "vitest";
import type { Keycloak } from "../../../provider/admin-api/keycloak";
import { connect, errorOf, serving, standIn } from "../stand-in";

describe("a create without an answer", () => {
  it("is found after a conflict", async () => {
    const { keycloak } = await standIn((call, { method }) => {
      if (method === "GET") return { status: 200, body: { id: "ours" } };
      return { status: call === 1 ? 504 : 409, body: {} };
    });
    const made = await keycloak.session(2_000).call(
      "Creating",
      (admin) => admin.clients.create({ realm: "r", id: "ours" }),
      (admin) => admin.clients.findOne({ realm: "r", id: "ours" }).then((found) => found && { id: found.id! }),
    );
    expect(made).toEqual({ id: "ours" });
  });

  /** Makes a client; `recover` finds it where `found` says so. */
  function make(keycloak: Keycloak, patience: number, found: { id: string } | null) {
    return keycloak.session(patience).call(
      "Creating",
      (admin) => admin.clients.create({ realm: "r", id: "ours" }),
      (admin) => admin.clients.findOne({ realm: "r", id: "ours" }).then((seen) => seen && found),
    );
  }

  it("is looked for with patience", async () => {
    let lookups = 0;
    const { keycloak } = await standIn((call, { method }) => {
      if (method === "GET") lookups += 1;
      if (method === "GET") return { status: lookups === 1 ? 503 : 200, body: { id: "ours" } };
      return { status: call === 1 ? 504 : 409, body: {} };
    });
    expect(await make(keycloak, 2_000, { id: "ours" })).toEqual({ id: "ours" });
    expect(lookups).toBe(2);
  });

  it("is found although its own locks refuse the next attempts, and it is finished after them", async () => {
    const finished = Date.now() + 2_500;
    const { url } = await serving(async (request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.url!.endsWith("/token")) response.end('{"access_token":"token","expires_in":60}');
      else if (request.method === "GET") response.writeHead(Date.now() < finished ? 404 : 200).end('{"id":"ours"}');
      else if (attempts++ === 0)
        return; // no answer within client_timeout
      else response.writeHead(409).end('{"errorMessage":"Duplicate resource error"}');
    });
    let attempts = 0;
    expect(await make(connect(url, { client_timeout: 1 }), 20_000, { id: "ours" })).toEqual({ id: "ours" });
    expect(attempts).toBe(4); // the first one, and three that lost a race
  });

  it("is looked for once at the end; if nothing is found the first fault is the error", async () => {
    const { keycloak } = await standIn((_call, { method }) => ({ status: method === "GET" ? 200 : 504, body: {} }));
    expect(await make(keycloak, 300, { id: "ours" })).toEqual({ id: "ours" });
    expect(await errorOf(make(keycloak, 300, null))).toContain("cannot be used: HTTP 504");
  });

  it("does not accept an empty answer to a read, nor a create that does not say what it made", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: 200, body: call === 1 ? "" : { realm: "r" } }));
    const reading = keycloak.session(2_000).read("Reading", (admin) => admin.realms.findOne({ realm: "r" }));
    expect(await reading).toMatchObject({ realm: "r" });
    expect(calls.admin).toBe(2);
    expect(await errorOf(make(keycloak, 100, null))).toContain("an answer that does not say what was made");
  });
});
