// machine-b as a program over https: with and without client certificates, and with renewed files.
import { type ChildProcess, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { bundle } from "../bundle";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { renew, type TestCertificate, testAuthority } from "../test-certificates";

const folder = testFolder();
const ca = testAuthority(folder.path);
const own = ca.issue("machine-b");
const owner = ca.issue("machine-a", { purpose: "clientAuth" });
const thief = ca.issue("thief");
const expired = ca.issue("expired", { days: -1 });
const forServers = ca.issue("for-servers", { purpose: "serverAuth" });
const foreign = testAuthority(folder.path, "other-ca").issue("foreign");
let issuer: TestIssuer;
let key: TestKey;
let program: string;
beforeAll(async () => {
  const server = ca.issue("issuer", { hosts: ["issuer.test"] });
  const tls = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  issuer = await new TestIssuer(await folder.rsaKey("realm.key"), "test", tls).start();
  key = await folder.rsaKey("machine-b-signing.key");
  issuer.clients.set("machine-b", key);
  program = await bundle("machine-b/server.ts", folder.path("machine-b.cjs"));
});
let running: ChildProcess | undefined;
afterEach(() => {
  running?.kill();
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

const files = { TLS_CA_FILE: ca.file, TLS_CERTIFICATE_FILE: own.certificateFile, TLS_KEY_FILE: own.keyFile };

async function start(env: Record<string, string> = {}) {
  const { PATH } = process.env;
  const address = { HOST: "127.0.0.1", PORT: "0", ISSUER: issuer.url, CONNECT_TO: issuer.connectTo };
  const child = spawn(process.execPath, [program], { env: { PATH, KEY_FILE: key.file, ...address, ...files, ...env } });
  running = child;
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output += data;
    });
  }
  const exit = once(child, "exit");
  const started = vi.waitFor(
    () => {
      const [, port] = /listening on 127\.0\.0\.1:(\d+)/.exec(output) ?? [];
      if (port === undefined) throw new Error(output);
      return Number(port);
    },
    { timeout: 10_000, interval: 20 },
  );
  const port = await Promise.race([started, exit.then(() => 0)]);
  return { port, output: () => output };
}

/** A connection, kept open; each request goes over it. */
function open(port: number, client?: TestCertificate, options: ConnectionOptions = {}) {
  const socket = connect({
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: ca.cert,
    ...(client && { cert: client.cert, key: client.key }),
    ...options,
  });
  let session: Buffer | undefined;
  socket.on("session", (offered) => {
    session = offered;
  });
  socket.on("error", () => undefined);
  const ask = async (path: string, token?: string) => {
    const authorization = token ? `Authorization: Bearer ${token}\r\n` : "";
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${authorization}\r\n`);
    const [data] = (await once(socket, "data")) as [Buffer];
    const [head = "", body = ""] = data.toString().split("\r\n\r\n");
    return { status: Number(head.split(" ")[1]), body: JSON.parse(body || "{}") as Record<string, string> };
  };
  return { socket, ask, session: () => session, end: () => socket.destroy() };
}
async function once1(port: number, path: string, client?: TestCertificate, token?: string) {
  const connection = open(port, client);
  try {
    return await connection.ask(path, token);
  } finally {
    connection.end();
  }
}
const nameOf = async (socket: TLSSocket) => {
  await once(socket, "secureConnect");
  return new X509Certificate(socket.getPeerCertificate().raw).subject;
};
const boundTo = ({ thumbprint }: TestCertificate) => issuer.mint({ cnf: { "x5t#S256": thumbprint } });

const untrusted: [TestCertificate | undefined, string][] = [
  [undefined, "none was sent"],
  [foreign, "it is of a CA that is not trusted here"],
  [expired, "it has expired"],
  [forServers, "it is not for clients (extended key usage clientAuth)"],
];

describe("machine-b over https", { timeout: 30_000 }, () => {
  it("asks for no certificate by default, and takes no token that is bound to one", async () => {
    const { port, output } = await start();
    expect((await once1(port, "/api/protected", owner, await issuer.mint())).status).toBe(200);
    const refused = await once1(port, "/api/protected", owner, await boundTo(owner));
    expect(refused).toMatchObject({ status: 401, body: { code: "ERR_TOKEN_PROOF" } });
    expect(output()).toContain("by https, client certificates: none");
  });

  it("takes an untrusted certificate for none where it requests one", async () => {
    const { port } = await start({ CLIENT_CERTIFICATES: "request" });
    for (const [client] of untrusted) {
      expect((await once1(port, "/api/protected", client, await issuer.mint())).status).toBe(200);
      const refused = await once1(port, "/api/protected", client, await boundTo(client ?? owner));
      expect(refused).toMatchObject({ status: 401, body: { error: "invalid_token", code: "ERR_TOKEN_PROOF" } });
    }
    expect((await once1(port, "/api/protected", owner, await boundTo(owner))).status).toBe(200);
  });

  it("answers only callers with a trusted one where it is required, and health checks of all", async () => {
    const { port } = await start({
      CLIENT_CERTIFICATES: "required",
      CALLER_CERTIFICATES: "machine-a=machine-a,machine-x=x",
    });
    for (const [client, reason] of untrusted) {
      for (const path of ["/api/protected", "/api/protected/online", "/", "/healthz/", "/HEALTHZ"]) {
        expect(await once1(port, path, client, await boundTo(owner))).toEqual({
          status: 401,
          body: {
            error: "client_certificate_required",
            error_description: `connect with a client certificate that is trusted here: ${reason}`,
          },
        });
      }
      for (const path of ["/healthz", "/readyz"]) expect((await once1(port, path, client)).status).toBe(200);
    }
    for (const path of ["/api/protected", "/api/protected/online"]) {
      expect((await once1(port, path, owner, await boundTo(owner))).status).toBe(200);
      expect((await once1(port, path, owner, await boundTo(thief))).status).toBe(401);
      expect((await once1(port, path, thief, await boundTo(thief))).status).toBe(401);
      expect((await once1(port, path, owner, await issuer.mint())).status).toBe(401);
    }
    const first = open(port);
    expect((await first.ask("/api/protected")).status).toBe(401);
    const resumed = open(port, undefined, { session: first.session() });
    expect((await resumed.ask("/api/protected")).body).toMatchObject({ error: "client_certificate_required" });
    expect(resumed.socket.isSessionReused()).toBe(true);
    for (const one of [first, resumed]) one.end();
  });

  it("presents its certificate to the issuer too", async () => {
    const { port } = await start();
    expect((await once1(port, "/api/protected/online", undefined, await issuer.mint())).status).toBe(200);
    expect(issuer.received.at(-1)).toMatchObject({ certificate: own.der });
  });

  it("speaks TLS 1.2 and 1.3, and nothing older", async () => {
    const { port } = await start();
    for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
      const { ask, end } = open(port, undefined, { minVersion: version, maxVersion: version });
      expect((await ask("/healthz")).status).toBe(200);
      end();
    }
    const ciphers = "DEFAULT@SECLEVEL=0";
    const { socket } = open(port, undefined, { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers });
    const [error] = (await once(socket, "error").catch((thrown) => [thrown])) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  });

  it("takes up renewed files for new connections, and leaves the open ones as they are", async () => {
    const [former, next] = [ca.issue("former"), ca.issue("next")];
    const nextCa = testAuthority(folder.path, "next-ca");
    const caFile = folder.write("live-ca.crt", ca.cert);
    const { port, output } = await start({
      TLS_CA_FILE: caFile,
      TLS_CERTIFICATE_FILE: former.certificateFile,
      TLS_KEY_FILE: former.keyFile,
      CLIENT_CERTIFICATES: "required",
    });
    const kept = open(port, owner);
    expect(await nameOf(kept.socket)).toBe("CN=former");
    expect((await kept.ask("/api/protected")).body).toMatchObject({ error: "unauthorized" });
    folder.write("former.crt", next.cert); // the key comes later
    await vi.waitFor(() => expect(output()).toContain("the former ones stay"), { timeout: 5000, interval: 100 });
    const meanwhile = open(port);
    expect(await nameOf(meanwhile.socket)).toBe("CN=former");
    meanwhile.end();
    renew(former, next);
    folder.write("live-ca.crt", nextCa.cert);
    await vi.waitFor(() => expect(output()).toContain("are used from now on"), { timeout: 5000, interval: 100 });
    await new Promise((done) => setTimeout(done, 100));
    const renewed = open(port, owner, { session: kept.session() });
    expect(await nameOf(renewed.socket)).toBe("CN=next");
    expect(renewed.socket.isSessionReused()).toBe(false);
    expect((await renewed.ask("/api/protected")).body.error_description).toContain("a CA that is not trusted here");
    expect((await kept.ask("/api/protected")).body).toMatchObject({ error: "unauthorized" });
    expect(output()).not.toMatch(/BEGIN|MII/);
    for (const one of [kept, renewed]) one.end();
  });

  it.each([
    ["a key alone", { TLS_CERTIFICATE_FILE: "" }, "TLS_CERTIFICATE_FILE and TLS_KEY_FILE must be set together"],
    [
      "the key of another",
      { TLS_KEY_FILE: owner.keyFile },
      "got: one of another key; give files that were made together",
    ],
    ["a file that is missing", { TLS_CA_FILE: "/missing.crt" }, "`tls.caFile` /missing.crt cannot be read (ENOENT)"],
    ["another choice", { CLIENT_CERTIFICATES: "yes" }, "must be none, request or required, got: yes"],
    ["names without certificates", { CALLER_CERTIFICATES: "a=b" }, "must be request or required, got: none"],
  ])("does not start with %s", async (_what, env, reason) => {
    const { port, output } = await start(env);
    expect(port).toBe(0);
    await vi.waitFor(() => expect(output()).toContain(reason));
    expect(output()).toContain("[ERR_OPTION]");
  });
});
