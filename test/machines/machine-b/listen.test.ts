// Every status of docs/machines.md over a real socket: the token is judged first, the body is read later or never.
import type { Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import fc from "fast-check";
import { HTTPException } from "hono/http-exception";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildApp } from "../../../machines/machine-b/app";
import { LIMITS, listen } from "../../../machines/machine-b/listen";
import { matches, section } from "../../docs/pages";
import { runs } from "../../provider/fuzz";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
const lines: string[] = [];
let issuer: TestIssuer;
let signingKey: TestKey;
let server: Server;
let token: string;
/** Without a scope that is required. */
let lacking: string;
/** Fails as it is told, in place of the issuer's metadata. */
let fault: Error | undefined;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  signingKey = await folder.rsaKey("machine-b.key");
  issuer.clients.set("machine-b", signingKey);
  const opened = issuer.open();
  const metadata = () => (fault ? Promise.reject(fault) : opened.metadata());
  const log = (line: string) => lines.push(line);
  const app = buildApp({
    issuer: { ...opened, metadata },
    audience: "machine-b",
    clientId: "machine-b",
    signingKey,
    requiredScopes: ["profile"],
    log,
  });
  const address = { port: 0, hostname: "127.0.0.1" };
  const limits = { ...LIMITS, headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };
  server = await new Promise((resolve) => {
    const listening = listen(app, address, () => resolve(listening), limits);
  });
  token = await issuer.mint();
  lacking = await issuer.mint({ scope: "email" });
});
beforeEach(() => {
  issuer.reset();
  lines.length = 0;
  fault = undefined;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await issuer.stop();
  folder.remove();
});

interface Sent {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Leaves the head without its end. */
  readonly unfinished?: boolean;
  /** Goes on with this piece until the server ends the connection. */
  readonly endless?: string;
}

function send({ method = "GET", path = "/api/protected", headers = [], ...more }: Sent) {
  const { body = "", unfinished, endless } = more;
  const lines = [`${method} ${path} HTTP/1.1`, "Host: localhost", ...headers, ...(unfinished ? [] : [""]), body];
  return new Promise<{ status: number; body: string }>((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
    let text = "";
    const go = () => {
      while (endless && !socket.destroyed && socket.write(endless));
    };
    socket.on("data", (data) => {
      text += data;
      if (!endless) setTimeout(() => socket.destroy(), 20);
    });
    socket.on("drain", () => setImmediate(go));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      const [head = "", ...rest] = text.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), body: rest.join("\r\n\r\n") });
    });
    socket.write(lines.join("\r\n"));
    go();
  });
}

const bearer = () => `Authorization: Bearer ${token}`;
const long = "x".repeat(16 * 1024 + 1);
const declared = (body: string) => ({ headers: [bearer(), `Content-Length: ${body.length}`], body });
const pieces = (body: string) => `${body.length.toString(16)}\r\n${body}\r\n`;
const inPieces = (body: string) => ({
  headers: [bearer(), "Transfer-Encoding: chunked"],
  body: `${pieces(body)}0\r\n\r\n`,
});

/** What is sent, the status, and what the answer's body says. */
const cases: [what: string, sent: () => Sent, status: number, body?: RegExp][] = [
  ["a token", () => ({ headers: [bearer()] }), 200, /"caller":"machine-a"/],
  ["a token and a body of 16 KiB", () => declared(long.slice(1)), 200],
  ["a token and pieces of 16 KiB", () => inPieces(long.slice(1)), 200],
  ["a HEAD with a token", () => ({ method: "HEAD", headers: [bearer()] }), 200, /^$/],
  ["two tokens", () => ({ headers: [bearer(), bearer()] }), 400, /invalid_request/],
  ["no valid HTTP", () => ({ method: "G E T" }), 400],
  ["an address that is none", () => ({ path: "http://[/healthz" }), 400],
  ["no token", () => ({}), 401, /unauthorized/],
  ["no token and a long body", () => ({ headers: ["Content-Length: 99999"], body: long }), 401, /unauthorized/],
  ["another token", () => ({ headers: ["Authorization: Bearer x.y.z"] }), 401, /invalid_token/],
  ["a token without a scope", () => ({ headers: [`Authorization: Bearer ${lacking}`] }), 403, /ERR_TOKEN_SCOPE/],
  ["another path", () => ({ path: "/api" }), 404, /not_found/],
  ["another method", () => ({ method: "POST" }), 404, /not_found/],
  ["another method and a long body", () => ({ method: "POST", ...declared(long) }), 404, /not_found/],
  ["a head that does not end", () => ({ unfinished: true }), 408],
  ["a token and a long body", () => declared(long), 413, /content_too_large/],
  ["a token and long pieces", () => inPieces(long), 413, /content_too_large/],
  ["a long body to /healthz", () => ({ path: "/healthz", ...declared(long) }), 413, /content_too_large/],
  ["a long body to /readyz", () => ({ path: "/readyz", ...declared(long) }), 413, /content_too_large/],
  ["an expectation", () => ({ headers: ["Expect: a miracle"] }), 417],
  ["a head of more than 16 KiB", () => ({ headers: [`X: ${long}`] }), 431],
];

describe("machine-b over a socket", () => {
  it.each(cases)("to %s answers as documented", async (_what, sent, status, body = /^/) => {
    const got = await send(sent());
    expect(got.status).toBe(status);
    expect(got.body).toMatch(body);
    expect(lines).toEqual([]);
  });

  it("answers 500 to a defect, and as a framework says to its refusal", async () => {
    fault = new RangeError("a detail");
    expect(await send({ path: "/readyz" })).toMatchObject({ status: 500, body: '{"error":"server_error"}' });
    expect(lines).toEqual(["machine-b: GET /readyz answered 500: RangeError"]);
    fault = new HTTPException(418, { message: "short and stout" });
    expect(await send({ path: "/readyz" })).toMatchObject({ status: 418 });
    expect(lines).toHaveLength(1);
  });

  it("answers 503 while the issuer cannot be asked", async () => {
    issuer.answers.set("/token/introspect", () => ({ status: 503, body: "" }));
    expect(await send({ path: "/api/protected/online", headers: [bearer()] })).toMatchObject({ status: 503 });
  });

  it("has a case for every status of the documentation", () => {
    const documented = matches(section("docs/machines.md", "machine-b"), /^\| (\d{3}) \|/gm).map(Number);
    const shown = new Set([...cases.map(([, , status]) => status), 500, 503]);
    expect([...shown].sort()).toEqual([...new Set(documented)].sort());
  });

  it.each([
    ["GET", 401],
    ["POST", 404],
  ])("answers an endless %s at once, takes no more for long, and ends the connection", async (method, status) => {
    const since = Date.now();
    const endless = pieces("x".repeat(1024));
    const got = await send({ method, headers: ["Transfer-Encoding: chunked"], endless });
    expect(got.status).toBe(status);
    expect(Date.now() - since).toBeLessThan(5000);
    expect(lines).toEqual([]);
  });

  it("answers nothing a caller may send by a 5xx, nor by a line in the log", async () => {
    const header = fc.oneof(
      fc.constantFrom(
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "Connection: Upgrade\r\nUpgrade: websocket",
        "Content-Length: 5",
        "Content-Length: 99999999999",
        "Content-Type: multipart/form-data; boundary=x",
        "Host: a b",
        "Authorization: Bearer x",
      ),
      fc.string().map((text) => `X-Drawn: ${text}`),
    );
    const sent = fc.record({
      method: fc.constantFrom("GET", "HEAD", "POST", "PUT", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "QUERY"),
      path: fc.oneof(
        fc.constantFrom("/healthz", "/readyz", "/api/protected", "/api/protected/online", "*", "http://[/", "//"),
        fc.webPath().map((path) => `/${path}`),
        fc.string().map((text) => `/${text.replaceAll(/[\s]/g, "")}`),
      ),
      headers: fc.array(header, { maxLength: 4 }),
      body: fc.oneof(
        fc.constantFrom("", "hello", "0\r\n\r\n", long, pieces(long), `${pieces("x")}0\r\n\r\n`, "ZZ\r\n"),
        fc.string(),
      ),
    });
    await fc.assert(
      fc.asyncProperty(sent, async (request) => {
        const { status } = await send(request);
        expect(Number.isNaN(status) || status < 500).toBe(true);
        expect(lines).toEqual([]);
      }),
      runs(60),
    );
  });
});
