import { execFile } from "node:child_process";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Agent, type Dispatcher, fetch as undiciFetch } from "undici";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { openMachine } from "../../../machines/calling/open-machine";
import { createTokenClient, type TokenClientOptions } from "../../../machines/calling/token-client";
import { bundle } from "../bundle";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { isSettled, listen } from "../listen";

const folder = testFolder();
let server: TestIssuer;
let signingKey: TestKey;
let issuer: Issuer;
let api: Awaited<ReturnType<typeof listen>>;
let calls: { request: IncomingMessage; token: string; body: string }[] = [];
/** What the API answers to the nth call. */
let answer: (n: number) => number | { status: number; location: string };

beforeAll(async () => {
  server = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  signingKey = await folder.key("machine-a.key", "ES256");
  server.clients.set("machine-a", signingKey);
  issuer = server.open();
  api = await listen(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    calls.push({ request, token: request.headers.authorization?.replace("Bearer ", "") ?? "", body });
    const given = answer(calls.length);
    const { status, ...headers } = typeof given === "number" ? { status: given } : given;
    response.writeHead(status, headers).end(`answer ${calls.length}`);
  });
  seasoned = Array.from({ length: 7 }, () => client());
  await Promise.all(seasoned.map(({ getToken }) => getToken()));
  await sleep(1010);
});
beforeEach(() => {
  server.reset();
  calls = [];
  answer = () => 200;
});
afterAll(async () => {
  await issuer.close();
  await api.close();
  await server.stop();
  folder.remove();
});

const client = (options: Partial<TokenClientOptions> = {}) =>
  createTokenClient(issuer, { clientId: "machine-a", signingKey, log: () => {}, ...options });
const grants = () => server.received.filter(({ path }) => path.endsWith("/token")).length;
/** Clients whose tokens are old enough to be the reason for a 401; one for each test that wants one. */
let seasoned: ReturnType<typeof client>[];

describe("the client's fetch", () => {
  it("adds the token and keeps what else is sent", async () => {
    const { fetch, getToken } = client();
    const init = { method: "PUT", headers: { "x-own": "1", Authorization: "Basic eDp5" }, body: "text" };
    const response = await fetch(`${api.url}/path?q=1`, init);
    expect(await response.text()).toBe("answer 1");
    const { request, token, body } = calls[0]!;
    expect(token).toBe(await getToken());
    expect(request.headersDistinct.authorization).toHaveLength(1);
    expect([request.method, request.url, request.headers["x-own"], body]).toEqual(["PUT", "/path?q=1", "1", "text"]);
    expect(init.headers.Authorization).toBe("Basic eDp5"); // the caller's object stays the caller's
  });

  it("takes addresses and requests as objects, and init over a request", async () => {
    const { fetch } = client();
    await fetch(new URL(`${api.url}/url`));
    const request = new Request(`${api.url}/request`, { method: "POST", headers: { "x-own": "1" }, body: "text" });
    await fetch(request);
    await fetch(new Request(`${api.url}/both`, { headers: { "x-own": "1" } }), { headers: { "x-own": "2" } });
    const seen = calls.map(({ request, body }) => [request.method, request.url, request.headers["x-own"], body]);
    expect(seen).toEqual([
      ["GET", "/url", undefined, ""],
      ["POST", "/request", "1", "text"],
      ["GET", "/both", "2", ""],
    ]);
    expect(calls.every(({ token }) => token.startsWith("eyJ"))).toBe(true);
  });

  it("takes undici's dispatcher, and another fetch", async () => {
    const dispatched: string[] = [];
    const dispatcher = new Agent().compose((dispatch) => (options, handler) => {
      dispatched.push(options.path);
      return dispatch(options, handler);
    });
    await client({ fetch: undiciFetch as unknown as TokenClientOptions["fetch"] }).fetch(`${api.url}/a`, {
      dispatcher,
    } as RequestInit & { dispatcher: Dispatcher });
    const urls: string[] = [];
    const own: TokenClientOptions["fetch"] = (url, init) => {
      urls.push(url);
      return fetch(url, init);
    };
    await client({ fetch: own }).fetch(new URL(`${api.url}/b`));
    expect([dispatched, urls]).toEqual([["/a"], [`${api.url}/b`]]);
    expect(calls.map(({ token }) => token.slice(0, 3))).toEqual(["eyJ", "eyJ"]);
    await dispatcher.close();
  });

  it("sends no token over http unless the issuer allows it, and none to an invalid address", async () => {
    const strict = { ...issuer, allowInsecureHttp: false };
    const { fetch } = createTokenClient(strict, { clientId: "machine-a", signingKey });
    for (const address of [
      api.url,
      new URL(api.url),
      new Request(api.url),
      "/relative",
      "ftp://x/",
      "https://u:p@x/",
    ]) {
      await expect(fetch(address)).rejects.toMatchObject({ code: "ERR_OPTION" });
    }
    expect([calls, server.received]).toEqual([[], []]);
  });

  it("replaces the token and sends once more after a 401", async () => {
    const { fetch } = seasoned.pop()!;
    answer = (n) => (n === 1 ? 401 : 200);
    const response = await fetch(api.url, { method: "POST", body: new URLSearchParams({ a: "b" }) });
    expect([response.status, await response.text(), grants()]).toEqual([200, "answer 2", 1]);
    expect(calls.map(({ body }) => body)).toEqual(["a=b", "a=b"]);
    expect(calls[1]!.token).not.toBe(calls[0]!.token);
  });

  it("gives the second 401, and every other status, as a result", async () => {
    const { fetch } = seasoned.pop()!;
    answer = () => 401;
    const response = await fetch(api.url);
    expect([response.status, await response.text(), calls.length]).toEqual([401, "answer 2", 2]);
    for (const status of [403, 500, 503]) {
      answer = () => status;
      expect((await fetch(api.url)).status).toBe(status);
    }
    expect(calls).toHaveLength(5);
  });

  it("gives the 401 as it is when no other token can be had", async () => {
    const { fetch } = seasoned.pop()!;
    answer = () => 401;
    server.answers.set("/token", () => ({ status: 503, body: "" }));
    const response = await fetch(api.url);
    expect([response.status, await response.text(), calls.length]).toEqual([401, "answer 1", 1]);
  });

  it.each([
    ["a web stream", () => new Blob(["text"]).stream()],
    ["a stream of Node.js", () => Readable.from(["text"])],
    ["a request's body", undefined],
  ])("does not send %s twice, but has the next call go with a new token", async (_name, body) => {
    const { fetch, getToken } = seasoned.pop()!;
    const first = await getToken();
    answer = () => 401;
    const init = { method: "POST", body: body?.() ?? "text", duplex: "half" } as RequestInit;
    const response = await (body ? fetch(api.url, init) : fetch(new Request(api.url, init)));
    expect([response.status, await response.text(), calls.map(({ body }) => body)]).toEqual([
      401,
      "answer 1",
      ["text"],
    ]);
    expect(await getToken()).not.toBe(first);
  });

  it("bounds a storm of 401s: one grant a second at most", async () => {
    const { fetch } = seasoned.pop()!;
    answer = () => 401;
    const since = performance.now();
    while (performance.now() - since < 1500) {
      const responses = await Promise.all(Array.from({ length: 50 }, () => fetch(api.url)));
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([401]));
      await Promise.all(responses.map((response) => response.body?.cancel()));
    }
    expect(calls.length).toBeGreaterThanOrEqual(100);
    expect(grants()).toBeLessThanOrEqual(2);
  });

  it("stops waiting for a token when the caller's signal says so", async () => {
    server.answers.set("/token", () => ({ status: 503, body: "" }));
    const { fetch } = client();
    const since = performance.now();
    await expect(fetch(api.url, { signal: AbortSignal.timeout(150) })).rejects.toThrow("aborted due to timeout");
    const reason = new Error("gone");
    await expect(fetch(new Request(api.url, { signal: AbortSignal.abort(reason) }))).rejects.toThrow(reason);
    expect(performance.now() - since).toBeLessThan(1000);
    expect(calls).toHaveLength(0);
  });

  it("follows no redirect with a machine's fetch, be it called with an address or a request", async () => {
    const machine = openMachine({
      clientId: "machine-a",
      keyFile: signingKey.file,
      issuer: server.url,
      connectTo: server.connectTo,
      allowInsecureHttp: true,
    });
    answer = (n) => (n % 2 === 1 ? { status: 307, location: "/elsewhere" } : 200);
    for (const input of [api.url, new Request(api.url)]) {
      calls = [];
      const response = await machine.fetch(input);
      expect([response.status, calls.length]).toEqual([307, 1]);
      await response.body?.cancel();
    }
    calls = [];
    expect((await client().fetch(new Request(api.url))).status).toBe(200); // that of Node.js does
    await machine.close();
    expect(await isSettled(machine.fetch(api.url), 1000)).toBe(true);
  });

  it("holds no process: a program that has fetched ends by itself", async () => {
    const source = folder.write(
      "program.ts",
      `import { openMachine } from ${JSON.stringify(require.resolve("../../../machines/index.ts"))};
       const [keyFile, issuer, connectTo, api] = process.argv.slice(2) as [string, string, string, string];
       const machine = openMachine({ clientId: "machine-a", keyFile, issuer, connectTo, allowInsecureHttp: true });
       machine.fetch(api).then(async (response) => {
         console.log(response.status, await response.text());
         process.once("exit", () => console.log(performance.now() - since));
         const since = performance.now();
       });`,
    );
    const program = await bundle(source, folder.path("program.cjs"));
    const args = [program, signingKey.file, server.url, server.connectTo, api.url];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { timeout: 10_000 });
    const [said, lasted] = stdout.split("\n");
    expect([said, stderr]).toEqual(["200 answer 1", ""]);
    expect(Number(lasted)).toBeLessThan(3000);
  });
});
