// machine-a in Bash goes by the same variables as the library.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openProxy, ownCertificate, type TestProxy } from "../../network/test-proxy";
import { TestIssuer, testFolder } from "../issuer-fixture";

const SCRIPT = join(__dirname, "../../../machines/machine-a/call.sh");
const folder = testFolder();
const authority = ownCertificate(folder.path, "issuer.test", "localhost");
let issuer: TestIssuer;
let proxy: TestProxy;
let KEY_FILE: string;
beforeAll(async () => {
  const key = await folder.rsaKey("machine-a.key");
  KEY_FILE = key.file;
  issuer = await new TestIssuer(await folder.rsaKey("realm.key"), "test", authority).start();
  issuer.clients.set("machine-a", key);
  issuer.answers.set("/api", () => ({ body: { caller: "machine-a", verified: "offline" } }));
  proxy = await openProxy({ names: () => ({ "issuer.test:8080": issuer.port }) });
});
beforeEach(() => {
  proxy.seen.length = 0;
});
afterAll(async () => {
  await proxy.close();
  await issuer.stop();
  folder.remove();
});

function run(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const more = { PATH: process.env.PATH, ISSUER: issuer.url, API: `${issuer.url}/api`, KEY_FILE, CONNECT_TO: "" };
  return new Promise((done) => {
    execFile("bash", [SCRIPT], { env: { ...more, SSL_CERT_FILE: authority.file, ...env } }, (error, out, err) =>
      done({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}
const CALLED = { code: 0, out: "HTTP 200\ncaller: machine-a\nverified: offline\n", err: "" };

describe("call.sh", { timeout: 60_000 }, () => {
  it.each(["HTTPS_PROXY", "https_proxy"])(
    "goes by the proxy in %s and trusts the CA in SSL_CERT_FILE",
    async (name) => {
      expect(await run({ [name]: proxy.url })).toEqual(CALLED);
      expect(proxy.seen).toEqual(["CONNECT issuer.test:8080", "CONNECT issuer.test:8080"]);
    },
  );

  it.each([
    ["what NO_PROXY names", { NO_PROXY: ".test" }],
    ["everything, if NO_PROXY says so", { NO_PROXY: "*" }],
    ["what CONNECT_TO names", {}],
  ])("goes without the proxy to %s", async (_what, env) => {
    expect(await run({ HTTPS_PROXY: proxy.url, CONNECT_TO: issuer.connectTo, ...env })).toEqual(CALLED);
    expect(proxy.seen).toEqual([]);
  });

  it("goes without the proxy to this machine itself, and reads no ALL_PROXY", async () => {
    const here = `https://localhost:${issuer.port}/realms/test`;
    expect((await run({ HTTPS_PROXY: proxy.url, ISSUER: here })).err).toContain("gave no token (HTTP 400)");
    expect(await run({ ALL_PROXY: "http://127.0.0.1:9", CONNECT_TO: issuer.connectTo })).toEqual(CALLED);
    expect(proxy.seen).toEqual([]);
  });

  it.each([
    ["a proxy that does not exist", { HTTPS_PROXY: "http://proxy.invalid:9" }, "check HTTPS_PROXY and HTTP_PROXY"],
    ["a proxy that is away", { HTTPS_PROXY: "http://127.0.0.1:9" }, "; HTTPS_PROXY is set"],
    ["a CA that is not trusted", { SSL_CERT_FILE: "/etc/ssl/certs/ca-certificates.crt" }, "in SSL_CERT_FILE"],
  ])("says what helps against %s", async (_what, env, advice) => {
    const { code, err } = await run({ HTTPS_PROXY: proxy.url, ...env });
    expect(code).toBe(1);
    expect(err).toContain(advice);
  });
});
