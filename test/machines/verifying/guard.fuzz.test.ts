import { connect } from "node:net";
import { inspect } from "node:util";
import { type ServerType, serve } from "@hono/node-server";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { buildApp } from "../../../machines/machine-b/app";
import { createGuard, type Guard } from "../../../machines/verifying/guard";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { LONG, runs } from "../../provider/fuzz";
import { damaged, noise } from "../fuzz-inputs";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let key: TestKey;
let server: TestIssuer;
let issuer: Issuer;
let token: string;
let api: ServerType;
/** Lines of the API: it has none to say about what a caller sends. */
const lines: string[] = [];

beforeAll(async () => {
  key = await folder.rsaKey("issuer.key");
  server = await new TestIssuer(key).start();
  server.clients.set("machine-b", key);
  issuer = server.open();
  // Not to expire in a long run; `exp` is the only clock here that runs.
  token = await server.mint({ exp: Math.floor(Date.now() / 1000) + 86_400 });
  const log = (line: string) => lines.push(line);
  const app = buildApp({ issuer, audience: "machine-b", clientId: "machine-b", signingKey: key, log });
  await new Promise<void>((resolve) => {
    api = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, () => resolve());
  });
});
afterAll(async () => {
  await new Promise((resolve) => api.close(resolve));
  await issuer.close();
  await server.stop();
  folder.remove();
});

/** Values of an Authorization header, from noise to nearly a good one. */
function values(good: string): fc.Arbitrary<string> {
  const scheme = fc.constantFrom(
    "Bearer ",
    "bearer ",
    "BEARER  ",
    "Bearer\t",
    "Bearer",
    "Basic ",
    "DPoP ",
    " Bearer ",
    "",
  );
  const credentials = fc.oneof(
    noise,
    damaged(good),
    fc.constantFrom(`${good}, Bearer ${good}`, `${good} x`, `"${good}"`),
  );
  return fc.oneof(
    { weight: 1, arbitrary: noise },
    { weight: 6, arbitrary: fc.tuple(scheme, credentials).map((l) => l.join("")) },
  );
}

describe("a guard", () => {
  it("lets a good token through, and answers any other header with 400 or 401", { timeout: LONG }, async () => {
    const log = (line: string) => lines.push(line);
    const guard: Guard = createGuard({ verify: createVerifier(issuer, { audience: "machine-b" }), realm: "b", log });
    expect(await guard(`Bearer ${token}`)).toHaveProperty("token.caller", "machine-a");
    const property = fc.asyncProperty(values(token), async (authorization) => {
      const verdict = await guard(authorization);
      if ("token" in verdict) {
        expect(authorization.trim().split(/ +/)).toEqual([expect.stringMatching(/^bearer$/i), token]);
        return;
      }
      const { status, headers } = verdict.refusal;
      expect([400, 401]).toContain(status);
      expect(new Headers(headers).get("www-authenticate")).toMatch(/^Bearer realm="b"[\x20-\x7e]*$/);
      expect(inspect(verdict)).not.toMatch(/eyJ[\w-]{8}/);
    });
    await fc.assert(property, runs(800));
    expect(lines).toEqual([]);
  });
});

/** Sends a request with headers as they are, byte for byte, and gives the status; `undefined` where none was told. */
function send(path: string, ...authorization: string[]): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const { port } = api.address() as { port: number };
    let answer = "";
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(10_000, () => reject(new Error("no answer within 10 s")));
    socket.on("data", (data) => (answer += data.toString("latin1")));
    socket.on("error", (error) => {
      // A header beyond 16 KiB is answered before it is read whole, so the connection is reset after the answer.
      if (answer === "") reject(error);
    });
    socket.on("close", () => {
      const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
      socket.destroy();
      resolve(status === undefined ? undefined : Number(status));
    });
    const fields = authorization.map((value) => `Authorization: ${value}\r\n`).join("");
    socket.write(Buffer.from(`GET ${path} HTTP/1.1\r\nHost: b\r\n${fields}Connection: close\r\n\r\n`));
  });
}

describe.each(["/api/protected", "/api/protected/online"])("machine-b's %s", (path) => {
  it("answers every header, and never with a 5xx", { timeout: LONG }, async () => {
    expect(await send(path, `Bearer ${token}`)).toBe(200);
    const counts = new Map<number | undefined, number>();
    // A line end would end the header: what follows is another one.
    const value = values(token).map((text) => text.replace(/[\r\n]/g, ""));
    const property = fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 2 }), async (headers) => {
      const status = await send(path, ...headers);
      // 431 is the server's own, for headers beyond 16 KiB.
      expect([200, 400, 401, 431]).toContain(status);
      if (status === 200) expect(headers.join()).toContain(token);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    });
    await fc.assert(property, runs(400));
    expect(counts.get(401)).toBeGreaterThan(50);
    expect(counts.get(400)).toBeGreaterThan(20);
    expect(lines).toEqual([]);
    expect(await send(path, `Bearer ${token}`)).toBe(200);
  });
});
