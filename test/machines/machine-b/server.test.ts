import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selfSign } from "../../../constructs/keys/self-sign";
import { bundle } from "../bundle";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
let issuer: TestIssuer;
let key: TestKey;
let program: string;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  key = await folder.rsaKey("machine-b-signing.key");
  program = await bundle("machine-b/server.ts", folder.path("machine-b.cjs"));
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

/** Starts machine-b as a program; `line` waits for a line on either output. */
function start(env: Record<string, string> = {}) {
  const settings = {
    PATH: process.env.PATH,
    ISSUER: issuer.url,
    CONNECT_TO: issuer.connectTo,
    ALLOW_INSECURE_HTTP: "true",
    KEY_FILE: key.file,
    HOST: "127.0.0.1",
    PORT: "0",
    ...env,
  };
  const child = spawn(process.execPath, [program], { env: settings });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  child.stderr.on("data", (data) => {
    output += data;
  });
  const ended = once(child, "exit").then(([code]) => code as number);
  return { child, ended, output: () => output, port: () => listening(child, () => output) };
}

async function listening(child: ChildProcess, output: () => string): Promise<number> {
  for (;;) {
    const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(output()) ?? [];
    if (port !== undefined) return Number(port);
    if (child.exitCode !== null) throw new Error(`machine-b ended: ${output()}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

describe("machine-b as a program", { timeout: 20_000 }, () => {
  it("starts before the issuer runs, recovers by itself, and ends on SIGTERM with requests answered", async () => {
    const { port: issuerPort } = issuer;
    const token = await issuer.mint();
    await issuer.stop();
    const machineB = start();
    const port = await machineB.port();
    const call = () =>
      fetch(`http://127.0.0.1:${port}/api/protected`, { headers: { authorization: `Bearer ${token}` } });
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await call()).status).toBe(503);
    await issuer.start(issuerPort);
    await new Promise((done) => setTimeout(done, 1100)); // without keys in hand they are asked for once a second

    // The keys come late, so that SIGTERM finds a request under way.
    const keys = issuer.answers.get("/certs")!;
    let asked!: () => void;
    const underWay = new Promise<void>((done) => {
      asked = done;
    });
    issuer.answers.set("/certs", async (received) => {
      asked();
      await new Promise((done) => setTimeout(done, 300));
      return keys(received);
    });
    const late = call();
    await underWay;
    machineB.child.kill("SIGTERM");
    const since = Date.now();
    expect((await late).status).toBe(200);
    expect(await machineB.ended).toBe(0);
    expect(Date.now() - since).toBeLessThan(2500);
    expect(machineB.output()).toContain("http is allowed (ALLOW_INSECURE_HTTP): local development only");
    expect(machineB.output()).not.toContain("eyJ");
  });

  it("answers 403 on both routes to a token without the scopes that it requires", async () => {
    const machineB = start({ REQUIRED_SCOPES: "orders:read profile" });
    const port = await machineB.port();
    const call = async (path: string, scope: string) => {
      const headers = { authorization: `Bearer ${await issuer.mint({ scope })}` };
      const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
      return [response.status, ((await response.json()) as { code?: string }).code];
    };
    issuer.clients.set("machine-b", key);
    for (const path of ["/api/protected", "/api/protected/online"]) {
      expect(await call(path, "profile")).toEqual([403, "ERR_TOKEN_SCOPE"]);
      expect(await call(path, "profile orders:read")).toEqual([200, undefined]);
    }
    machineB.child.kill();
    await machineB.ended;
  });

  it("serves metrics on a port of their own if it is told to, and none on that of the API", async () => {
    issuer.clients.set("machine-b", key);
    const CERTIFICATE_FILE = folder.write("signing.pem", selfSign(key.privateKey, "machine-b", 90));
    const machineB = start({ METRICS_PORT: "0", CERTIFICATE_FILE });
    const port = await machineB.port();
    await expect.poll(machineB.output).toMatch(/metrics on 127\.0\.0\.1:\d+\/metrics\n/);
    const [, metricsPort] = /metrics on 127\.0\.0\.1:(\d+)\/metrics/.exec(machineB.output())!;
    const headers = { authorization: `Bearer ${await issuer.mint()}` };
    for (const path of ["/api/protected", "/api/protected/online"]) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`, { headers })).status).toBe(200);
    }
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(404);
    const scrape = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect([scrape.status, scrape.headers.get("content-type")]).toEqual([
      200,
      "text/plain; version=0.0.4; charset=utf-8",
    ]);
    const text = await scrape.text();
    for (const sample of [
      'm2m_accepted_requests_total{caller="machine-a"} 2',
      'm2m_verifications_total{way="offline",code="OK"} 2',
      'm2m_verifications_total{way="online",code="OK"} 1',
      `m2m_signing_key_expiry_timestamp_seconds{client_id="machine-b",kid="${key.kid}"} `,
      "nodejs_eventloop_lag_p99_seconds ",
    ]) {
      expect(text).toContain(`\n${sample}`);
    }
    expect(text).not.toContain("eyJ");
    for (const [path, method] of [
      ["/", "GET"],
      ["/metrics", "POST"],
    ]) {
      expect((await fetch(`http://127.0.0.1:${metricsPort}${path}`, { method })).status).toBe(404);
    }
    machineB.child.kill("SIGTERM");
    expect(await machineB.ended).toBe(0);
  });

  it("does not listen on a second port without METRICS_PORT", async () => {
    const machineB = start();
    await machineB.port();
    expect(machineB.output()).not.toContain("metrics");
    machineB.child.kill("SIGTERM");
    await machineB.ended;
  });

  it("does not wait for idle connections when it ends", async () => {
    const machineB = start();
    const port = await machineB.port();
    const idle = request({ port, host: "127.0.0.1", path: "/healthz", headers: { connection: "keep-alive" } }).end();
    idle.on("error", () => undefined);
    await once(idle, "response");
    const since = Date.now();
    machineB.child.kill("SIGTERM");
    expect(await machineB.ended).toBe(0);
    expect(Date.now() - since).toBeLessThan(2000);
  });

  it.each([
    ["an audience that is empty", { AUDIENCE: "" }, "`audience` must name this API"],
    ["a key file that is missing", { KEY_FILE: "/missing.key" }, "key file /missing.key cannot be read (ENOENT)"],
    ["an invalid port", { PORT: "http" }, "PORT must be a whole number from 0 to 65535, got: http"],
    [
      "metrics on the port of the API",
      { PORT: "45678", METRICS_PORT: "45678" },
      "METRICS_PORT must be another port than",
    ],
    ["metrics on no port", { METRICS_PORT: "x" }, "METRICS_PORT must be a whole number from 0 to 65535, got: x"],
    ["metrics on an address that is not its own", { METRICS_PORT: "0", METRICS_HOST: "192.0.2.1" }, "EADDRNOTAVAIL"],
    ["scopes that are none", { REQUIRED_SCOPES: 'a "b"' }, "REQUIRED_SCOPES must be scopes separated by spaces"],
    ["http that is not allowed", { ALLOW_INSECURE_HTTP: "false" }, "`issuer` must be an https address"],
    ["an address that is not its own", { HOST: "192.0.2.1" }, "EADDRNOTAVAIL"],
  ])("does not start with %s", async (_name, env, reason) => {
    const machineB = start(env);
    expect(await machineB.ended).toBe(1);
    expect(machineB.output()).toContain(`machine-b: `);
    expect(machineB.output()).toContain(reason);
  });
});
