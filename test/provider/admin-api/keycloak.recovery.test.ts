import { describe, expect, it } from "vitest";
import type { Keycloak } from "../../../provider/admin-api/keycloak";
import { errorOf, standIn } from "../stand-in";

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
      (admin) => admin.clients.findOne({ realm: "r", id: "ours" }).then(() => found),
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
