import { describe, expect, it } from "vitest";
import { connect, errorOf, nobody, readRealm, serving, standIn } from "../stand-in";

describe("a call to Keycloak", () => {
  it("makes at most 16 calls at once, whatever Terraform asks for", async () => {
    let [answered, most] = [0, 0];
    const waiting: (() => void)[] = [];
    /** Calls wait for one another: the first 16 are answered when they are together, and a 17th had time to come. */
    const together = () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve);
        most = Math.max(most, waiting.length);
        const left = 50 - answered;
        if (waiting.length !== Math.min(16, left)) return;
        setTimeout(() => {
          answered += waiting.length;
          for (const release of waiting.splice(0)) release();
        }, 50);
      });
    const { url } = await serving(async (request, response) => {
      if (!request.url!.endsWith("/token")) await together();
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify({ access_token: "token", expires_in: 60 }));
    });
    const keycloak = connect(url);
    await Promise.all(Array.from({ length: 50 }, () => readRealm(keycloak)));
    expect(most).toBe(16);
  });

  it("waits for a busy server", async () => {
    const { keycloak, calls } = await standIn((call) => ({ status: [503, 429, 200][call - 1] ?? 200, body: {} }));
    await readRealm(keycloak);
    expect(calls.admin).toBe(3);
  });

  it("tries a lost race again after a busy server, and no more than three times", async () => {
    const late = await standIn((call) => ({ status: [503, 503, 409, 200][call - 1] ?? 200, body: {} }));
    await readRealm(late.keycloak, 10_000);
    expect(late.calls.admin).toBe(4);
    const always = await standIn(() => ({ status: 409 }));
    expect(await errorOf(readRealm(always.keycloak, 10_000))).toContain("HTTP 409");
    expect(always.calls.admin).toBe(3);
  });

  it("waits for a server that starts", async () => {
    const { keycloak, stop, start } = await standIn(() => ({ status: 200, body: { realm: "r" } }));
    await stop();
    setTimeout(start, 300);
    expect(await readRealm(keycloak)).toMatchObject({ realm: "r" });
  });

  it("names the address and what to do when the server stays away, and waits only once", async () => {
    const url = await nobody();
    const keycloak = connect(url);
    const text = await errorOf(readRealm(keycloak, 400));
    expect(text).toContain(`Reading realm "r": Keycloak at ${url} cannot be used: connection refused`);
    expect(text).toContain('"m2m up" brings the server back');
    const begun = Date.now();
    await errorOf(readRealm(keycloak, 400));
    expect(Date.now() - begun).toBeLessThan(200);
  });

  it("stops waiting when Terraform is interrupted", async () => {
    const keycloak = connect(await nobody());
    const waiting = errorOf(readRealm(keycloak, 60_000));
    setTimeout(() => keycloak.stop(), 100);
    expect(await waiting).toContain("interrupted");
  });

  it("waits with full patience again after any answer", async () => {
    const { keycloak, stop, start } = await standIn(() => ({ status: 403 }));
    await readRealm(keycloak).catch(() => undefined);
    await stop();
    await errorOf(readRealm(keycloak, 300));
    await start();
    expect(await errorOf(readRealm(keycloak))).toContain("HTTP 403");
    await stop();
    const begun = Date.now();
    expect(await errorOf(readRealm(keycloak, 300))).toContain("connection refused");
    expect(Date.now() - begun).toBeGreaterThan(250);
  });

  it("gives the reason if fetch itself refuses the address", async () => {
    expect(await errorOf(readRealm(connect("http://127.0.0.1:1")))).toContain("cannot be used: bad port");
  });

  it("does not accept an answer that is not from Keycloak", async () => {
    const { keycloak } = await standIn(() => ({ status: 200, body: "<html>hello</html>" }));
    const text = await errorOf(readRealm(keycloak, 100));
    expect(text).toContain("an answer that is not JSON");
    expect(text).not.toContain("hello");
  });

  it("finds what a busy server makes after the last attempt was given up", async () => {
    let isMade = false;
    const make = () => {
      isMade = true;
    };
    const { url } = await serving((request, response) => {
      response.setHeader("content-type", "application/json");
      if (request.url!.endsWith("/token")) response.end(JSON.stringify({ access_token: "token", expires_in: 60 }));
      else if (request.method === "POST") setTimeout(make, 2_000);
      else response.writeHead(isMade ? 200 : 404).end(JSON.stringify(isMade ? { realm: "r" } : { error: "none" }));
    });
    const made = connect(url, { client_timeout: 1 })
      .session(900)
      .call(
        'Creating realm "r"',
        (admin) => admin.realms.create({ realm: "r" }),
        (admin) => admin.realms.findOne({ realm: "r" }).then((found) => (found ? { realmName: "r" } : null)),
      );
    expect(await made).toEqual({ realmName: "r" });
  });

  it("shares what is read until it is forgotten, and runs exclusive operations in turn", async () => {
    const session = connect("http://127.0.0.1:1").session(0);
    let loads = 0;
    const load = () => session.shared("key", async () => (loads += 1));
    expect(await Promise.all([load(), load()])).toEqual([1, 1]);
    session.forget("key");
    expect(await load()).toBe(2);
    const order: string[] = [];
    const step = (name: string) =>
      session.exclusive("one", async () => {
        order.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        order.push(`${name} ends`);
      });
    await Promise.all([step("a"), step("b")]);
    expect(order).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });
});
