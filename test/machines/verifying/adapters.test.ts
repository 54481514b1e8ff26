import { createServer, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuard, createVerifier, expressGuard, fastifyGuard, type VerifyToken } from "../../../machines";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { fastifyApp, SERVERS } from "./guarded-servers";

const folder = testFolder();
let issuer: TestIssuer;
let token: string;
let verify: VerifyToken;
let shown: VerifyToken;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  token = await issuer.mint();
  shown = createVerifier(issuer.open(), { audience: "machine-b" });
});
beforeEach(() => {
  verify = shown;
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});
const guard = createGuard({ verify: (one) => verify(one), realm: "orders", scopes: ["profile"], log: () => {} });

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** Sends header lines as they are, several of one name too, which `fetch` cannot. */
function get(port: number, path: string, lines: string[] = []): Promise<Answer> {
  return new Promise((resolve, reject) => {
    httpRequest({ port, host: "127.0.0.1", path, headers: ["Host", "x", ...lines], agent: false }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode!, headers: response.headers, body: JSON.parse(text) });
    })
      .on("error", reject)
      .end();
  });
}

describe.each(SERVERS)("the guard in %s", (_name, build) => {
  let api: Awaited<ReturnType<typeof listen>>;
  beforeAll(async () => {
    api = await listen(await build(guard));
  });
  afterAll(() => api.close());

  it("lets a good token through and hands it on, beside what was there", async () => {
    const { status, body } = await get(api.port, "/api/me", ["authorization", `Bearer ${token}`]);
    expect(status).toBe(200);
    expect(body).toEqual({ ...(await shown(token)), before: "kept" });
  });

  it("leaves other routes alone", async () => {
    expect(await get(api.port, "/open")).toMatchObject({ status: 200, body: { open: true } });
  });

  it("answers as RFC 6750 says, in JSON", async () => {
    const lacking = await issuer.mint({ scope: "email" });
    const cases: [string[], number, string | undefined, object][] = [
      [[], 401, 'Bearer realm="orders"', { error: "unauthorized" }],
      [
        ["Authorization", "Bearer"],
        400,
        'Bearer realm="orders", error="invalid_request", ',
        { error: "invalid_request" },
      ],
      [
        ["Authorization", "Bearer abc"],
        401,
        'Bearer realm="orders", error="invalid_token", ',
        { error: "invalid_token" },
      ],
      [["Authorization", `Bearer ${lacking}`], 403, 'error="insufficient_scope"', { error: "insufficient_scope" }],
    ];
    for (const [lines, status, challenge, body] of cases) {
      const answer = await get(api.port, "/api/me", lines);
      expect(answer).toMatchObject({ status, body });
      expect(answer.headers["content-type"]).toMatch(/^application\/json/);
      expect(answer.headers["www-authenticate"]).toContain(challenge);
    }
  });

  it("refuses two Authorization headers, be it the same one twice", async () => {
    const good = ["Authorization", `Bearer ${token}`];
    for (const second of [good, ["AUTHORIZATION", "Bearer other"], ["authorization", "Basic eDp5"]]) {
      expect((await get(api.port, "/api/me", [...good, ...second])).status).toBe(400);
    }
    expect((await get(api.port, "/api/me", ["Authorization", "Basic eDp5", ...good])).status).toBe(401);
  });

  it("looks for no token in the address or a cookie", async () => {
    const cookie = ["Cookie", `access_token=${token}`];
    expect((await get(api.port, `/api/me?access_token=${token}`, cookie)).status).toBe(401);
  });

  it("answers 503 with Retry-After while the issuer cannot be asked", async () => {
    const gone = await new TestIssuer(issuer.key).start();
    await gone.stop();
    verify = createVerifier(gone.open(), { audience: "machine-b" });
    const answer = await get(api.port, "/api/me", ["Authorization", `Bearer ${token}`]);
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "2" }, body: { code: "ERR_UNREACHABLE" } });
    expect(answer.headers["www-authenticate"]).toBeUndefined();
  });

  it("hands a fault of the verifier to the server's own handling, which goes on", async () => {
    verify = () => Promise.reject(new RangeError("a detail"));
    expect((await get(api.port, "/api/me", ["Authorization", `Bearer ${token}`])).status).toBe(500);
    verify = shown;
    expect((await get(api.port, "/api/me", ["Authorization", `Bearer ${token}`])).status).toBe(200);
  });

  it("tells 100 callers at the same time apart", async () => {
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, i) => issuer.mint({ azp: `client-${i}` })));
    const answers = await Promise.all(
      tokens.map((one) => get(api.port, "/api/me", ["Authorization", `Bearer ${one}`])),
    );
    expect(answers.map(({ body }) => body.caller)).toEqual(tokens.map((_, i) => `client-${i}`));
  });
});

describe("the guard of a single route", () => {
  it.each(SERVERS.slice(0, 3))("protects it in %s", async (_name, build) => {
    const api = await listen(await build(guard));
    expect((await get(api.port, "/route")).status).toBe(401);
    const answer = await get(api.port, "/route", ["Authorization", `Bearer ${token}`]);
    expect(answer).toMatchObject({ status: 200, body: { caller: "machine-a" } });
    await api.close();
  });
});

describe("requests that are not Node.js's own", () => {
  it("are judged in Fastify's inject", async () => {
    const app = fastifyApp(guard);
    expect((await app.inject("/api/me")).statusCode).toBe(401);
    const answer = await app.inject({ url: "/api/me", headers: { authorization: `Bearer ${token}` } });
    expect([answer.statusCode, answer.json().caller]).toEqual([200, "machine-a"]);
    await app.close();
  });

  it("are judged over HTTP/2", async () => {
    const app = Fastify({ http2: true });
    app.addHook("onRequest", fastifyGuard(guard));
    app.get("/api/me", async (request) => request.token);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const status = (headers: Record<string, string>) =>
      new Promise((resolve, reject) => {
        const request = client.request({ ":path": "/api/me", ...headers }).on("error", reject);
        request.on("response", (answer) => resolve(answer[":status"])).resume();
      });
    expect([await status({}), await status({ authorization: `Bearer ${token}` })]).toEqual([401, 200]);
    client.close();
    await app.close();
  });

  it("are judged where a platform has made up the headers only", async () => {
    const { headers, status } = await new Promise<{ headers: object; status: number }>((resolve) => {
      const request = { headers: { authorization: `Bearer ${token}` } };
      const response = {
        writeHead: (status: number, headers: object) => ({ end: () => resolve({ status, headers }) }),
      };
      expressGuard(guard)(request as never, response as never, () => resolve({ headers: {}, status: 200 }));
    });
    expect([status, headers]).toEqual([200, {}]);
  });
});

describe("expressGuard", () => {
  it("hands on the error when the answer has begun by other hands, instead of ending the process", async () => {
    let handed: unknown;
    const api = await listen(
      createServer((request, response) => {
        response.writeHead(200).end("{}");
        expressGuard(guard)(request, response, (error) => {
          handed = error;
        });
      }),
    );
    await get(api.port, "/");
    await expect.poll(() => handed).toMatchObject({ code: "ERR_HTTP_HEADERS_SENT" });
    await api.close();
  });

  it("serves Connect's style over HTTP/2 too", async () => {
    const protectedBy = expressGuard(guard);
    const server = createHttp2Server((request, response) => {
      protectedBy(request as never, response as never, () => response.end("{}"));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const status = await new Promise((resolve) => {
      client
        .request({ authorization: `Bearer ${token}` })
        .on("response", (answer) => resolve(answer[":status"]))
        .resume();
    });
    expect(status).toBe(200);
    client.close();
    server.close();
  });
});

describe("expressGuard with a `next` that takes no error", () => {
  it("answers 500 and does not call it when the verifier fails against its contract", async () => {
    const guard = createGuard({
      verify: async () => {
        throw new TypeError("a defect");
      },
    });
    const protect = expressGuard(guard);
    const bare = await listen((request, response) => protect(request, response, () => response.end("let through")));
    const response = await fetch(`http://127.0.0.1:${bare.port}/`, { headers: { authorization: "Bearer a.b.c" } });
    expect([response.status, await response.text()]).toEqual([500, ""]);
    await bare.close();
  });
});
