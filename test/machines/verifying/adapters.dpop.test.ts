// A proof is for one address: no way of writing another one makes a server take it for that.
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDpopKey, type DpopKey } from "../../../machines/signing/dpop-key";
import { createGuard } from "../../../machines/verifying/guard";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { SERVERS } from "./guarded-servers";

const folder = testFolder();
const ORIGIN = "https://api.example.org";
let issuer: TestIssuer;
let verify: VerifyToken;
let owner: DpopKey;
let token: string;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  verify = createVerifier(issuer.open(), { audience: "machine-b", algorithms: ["ES256"] });
  owner = createDpopKey();
  token = await issuer.mint({ typ: "DPoP", cnf: { jkt: owner.thumbprint } });
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

/** Sends a request as it is written, and gives the status; 0 if the server cuts the connection. */
function send(port: number, path: string, host: string, proof: string): Promise<number> {
  const headers = { authorization: `DPoP ${token}`, dpop: proof, host };
  return new Promise((done) => {
    const sent = request({ host: "127.0.0.1", port, path, headers, setHost: false }, (response) => {
      response.resume();
      done(response.statusCode!);
    });
    sent.on("error", () => done(0)).end();
  });
}

describe.each(SERVERS)("%s", (name, open) => {
  it.each([
    ["with an origin", ORIGIN],
    ["by the Host", undefined],
  ])("takes a proof for the address of the request alone, %s", async (_how, origin) => {
    const api = await listen(await open(createGuard({ verify, origin, log: () => {} })));
    const base = origin ?? "http://api.example.org";
    const proofFor = (path: string) => owner.proof({ method: "GET", url: `${base}${path}`, accessToken: token });
    expect(await send(api.port, "/api/me", "api.example.org", proofFor("/api/me"))).toBe(200);
    expect(await send(api.port, "/api/me?a=/../b", "api.example.org", proofFor("/api/me"))).toBe(200);
    const tricks: [path: string, host: string][] = [
      ["/api/me", "api.example.org"],
      ["/api/me", "api.example.org/other?"],
      ["/api/me", "api.example.org/other#"],
      ["/api/me", "u@api.example.org"],
      ["/api/../other", "api.example.org"],
      ["/api/me/%2e%2e/%2E%2e/other", "api.example.org"],
      ["/api/me/..\\..\\other", "api.example.org"],
      ["/api.example.org/other", ""],
      ["/x/other", ""],
    ];
    for (const [path, host] of tricks) {
      // Its handler sees the same address as the guard, and has no routes.
      if (name === "protect" && new URL(path.replaceAll("\\", "/"), base).pathname === "/other") continue;
      expect([400, 401, 404], `${path} ${host}`).toContain(await send(api.port, path, host, proofFor("/other")));
    }
    await api.close();
  });

  it("takes a proof a second time for what it was accepted for alone", async () => {
    const guard = createGuard({ verify, origin: ORIGIN, log: () => {} });
    const url = `${ORIGIN}/api/me`;
    const incoming = {};
    const sent = { method: "GET", url, dpop: owner.proof({ method: "GET", url, accessToken: token }), incoming };
    expect(await guard(`DPoP ${token}`, sent)).toHaveProperty("token");
    expect(await guard(`DPoP ${token}`, sent)).toHaveProperty("token");
    expect(await guard(`DPoP ${token}`, { ...sent, method: "DELETE" })).toHaveProperty("refusal");
    expect(await guard(`DPoP ${token}`, { ...sent, url: `${ORIGIN}/api/other` })).toHaveProperty("refusal");
    expect(await guard(`DPoP ${token}`, { ...sent, incoming: {} })).toHaveProperty("refusal");
  });

  it("takes one proof for the whole API and for the route, and for no other request", async () => {
    const api = await listen(await open(createGuard({ verify, origin: ORIGIN, log: () => {} }), { roles: [] }));
    const proof = owner.proof({ method: "GET", url: `${ORIGIN}/api/route`, accessToken: token });
    expect(await send(api.port, "/api/route", "api.example.org", proof)).toBe(200);
    expect(await send(api.port, "/api/route", "api.example.org", proof)).toBe(401);
    await api.close();
  });
});
