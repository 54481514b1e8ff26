import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { handlerOf } from "../../../provider/engine/resource-handler";
import { readState, writeRepresentation } from "../../../provider/engine/state";
import { isUnknown } from "../../../provider/protocol/values";
import { realm } from "../../../provider/resources/realm";
import { realmEndpoint } from "../../../provider/resources/realm-endpoint";
import { connect, serving, standIn } from "../stand-in";

describe("a realm", () => {
  it("has its name as internal id, and an id that is unknown until it is made", () => {
    const { planned } = planChange(realm, null, { realm: "r" });
    expect(planned).toMatchObject({ internal_id: "r", otp_policy: [], smtp_server: [] });
    expect(isUnknown(planned!.id)).toBe(true);
  });

  it("leaves the internal id to Keycloak if its name is too long for an id", () => {
    expect(isUnknown(planChange(realm, null, { realm: "r".repeat(37) }).planned!.internal_id)).toBe(true);
  });

  it("takes a duration in any spelling", () => {
    const { planned } = planChange(realm, null, { realm: "r", access_token_lifespan: "300s" });
    expect(planned!.access_token_lifespan).toBe("5m0s");
  });

  it("that exists already is told by its name, and what is no server is not called one", async () => {
    const { keycloak } = await standIn(() => ({ status: 200, body: { id: "uuid", realm: "r" } }));
    const handler = handlerOf(realm, () => keycloak.session(300));
    const config = { realm: "r" };
    const { planned } = handler.plan({ prior: null, config });
    const { state, diagnostics } = await handler.apply({ prior: null, planned, config });
    expect(state).toBeNull();
    expect(diagnostics).toMatchObject([
      {
        summary: 'Creating realm "r": a realm of this name exists already',
        detail: expect.stringMatching(
          /^It exists already\. (?!.*Server: ).* `terraform import keycloak_realm\.NAME REALM`\.$/,
        ),
      },
    ]);
  });

  it("that lost a race for the database's locks is made at the next try", async () => {
    const lost = { status: 409, body: { errorMessage: "Duplicate resource error" } };
    let posts = 0;
    const { keycloak } = await standIn((_call, { method }) => {
      if (method === "POST") posts += 1;
      if (method === "POST") return posts === 1 ? lost : { status: 201 };
      return posts > 1 ? { status: 200, body: { id: "uuid", realm: "r" } } : { status: 404 };
    });
    const config = { realm: "r" };
    const handler = handlerOf(realm, () => keycloak.session(300));
    const { planned } = handler.plan({ prior: null, config });
    const { diagnostics } = await handler.apply({ prior: null, planned, config });
    expect(diagnostics!.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(posts).toBe(2);
  });

  it("is made and deleted one at a time", async () => {
    let [atOnce, most] = [0, 0];
    const { url } = await serving(async (request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.url!.endsWith("/token")) response.end('{"access_token":"token","expires_in":60}');
      else if (request.method === "GET") response.writeHead(404).end("{}");
      else {
        atOnce += 1;
        most = Math.max(most, atOnce);
        await sleep(20);
        atOnce -= 1;
        response.writeHead(201, { location: "/made/n" }).end("{}");
      }
    });
    const session = connect(url).session(300);
    const made = ["a", "b", "c"].map((name) =>
      realmEndpoint.create(session, { realm: name }, { prior: null, planned: { realm: name }, config: {} }),
    );
    await Promise.all([...made, ...["d", "e"].map((id) => realmEndpoint.delete(session, { id }))]);
    expect(most).toBe(1);
  });

  it("without a name is refused as such", () => {
    expect(handlerOf(realm, () => null).validate({ realm: "" }, { writeOnlyAllowed: true })).toMatchObject([
      { summary: 'realm must not be empty, got: ""', path: ["realm"] },
    ]);
  });

  it("loses its brute force detection when the block is removed", () => {
    const declared = {
      realm: "r",
      security_defenses: [{ brute_force_detection: [{ max_login_failures: 5 }], headers: [] }],
    };
    const first = planChange(realm, null, declared).planned!;
    const sent = writeRepresentation(realm, {}, first, null);
    expect(sent).toMatchObject({ bruteForceProtected: true, failureFactor: 5, waitIncrementSeconds: 60 });
    const state = readState(realm, sent, first);
    expect(state.security_defenses).toMatchObject([
      { brute_force_detection: [{ max_login_failures: 5 }], headers: [] },
    ]);
    const second = planChange(realm, state, { realm: "r" }).planned!;
    expect(writeRepresentation(realm, {}, second, state)).toMatchObject({
      bruteForceProtected: false,
      failureFactor: 30,
    });
  });

  it("keeps attributes that are not declared", () => {
    const prior = planChange(realm, null, { realm: "r", attributes: { a: "1", b: "2" } }).planned!;
    const planned = planChange(realm, prior, { realm: "r", attributes: { a: "1" } }).planned!;
    const sent = writeRepresentation(realm, { attributes: { a: "1", b: "2", kept: "3" } }, planned, prior);
    expect(sent.attributes).toEqual({ a: "1", kept: "3" });
  });
});
