// machine-a over https, in both languages: an own CA, and a client certificate that the token is bound to.
import { execFile, execFileSync } from "node:child_process";
import { createServer, type ServerOptions } from "node:https";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createGuard, createVerifier, expressGuard, openIssuer } from "../../../machines";
import { bundle } from "../bundle";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { testAuthority } from "../test-certificates";

const folder = testFolder();
const ca = testAuthority(folder.path);
const others = testAuthority(folder.path, "other-ca");
const server = ca.issue("server", { hosts: ["issuer.test", "api.test"] });
const client = ca.issue("client", { purpose: "clientAuth" });
const expired = ca.issue("expired", { days: -1 });
const asks = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
let issuer: TestIssuer;
let KEY_FILE: string;
const apis = new Map<string, Awaited<ReturnType<typeof listen>>>();
const commands = new Map<string, string[]>();
beforeAll(async () => {
  const key = await folder.rsaKey("machine-a.key");
  KEY_FILE = key.file;
  issuer = await new TestIssuer(await folder.rsaKey("realm.key"), "test", asks).start();
  issuer.clients.set("machine-a", key);
  const opened = openIssuer({ issuer: issuer.url, connectTo: issuer.connectTo, tls: { caFile: ca.file } });
  const guard = createGuard({ verify: createVerifier(opened, { audience: "machine-b" }), requireBinding: true });
  const protect = expressGuard(guard);
  const serve = async (name: string, options: ServerOptions) => {
    const api = createServer({ ...asks, ...options }, (request, response) =>
      protect(request, response, () => response.end(JSON.stringify({ caller: "machine-a", verified: "offline" }))),
    );
    apis.set(name, await listen(api));
  };
  await serve("asking", {});
  await serve("refusing", { rejectUnauthorized: true });
  await serve("refusing by TLS 1.2", { rejectUnauthorized: true, maxVersion: "TLSv1.2" });
  commands.set("call.sh", ["bash", join(__dirname, "../../../machines/machine-a/call.sh")]);
  const program = await bundle("machine-a/machine-a.ts", folder.path("machine-a.cjs"));
  commands.set("machine-a.ts", [process.execPath, program]);
});
beforeEach(() => issuer.reset());
afterAll(async () => {
  for (const api of apis.values()) await api.close();
  await issuer.stop();
  folder.remove();
});

function run(name: string, env: Record<string, string>, api = "asking") {
  const settings = {
    PATH: process.env.PATH,
    KEY_FILE,
    ISSUER: issuer.url,
    API: "https://api.test/api",
    CONNECT_TO: `${issuer.connectTo},api.test:443=127.0.0.1:${apis.get(api)!.port}`,
    TLS_CA_FILE: ca.file,
    ...env,
  };
  const [program, ...args] = commands.get(name)!;
  return new Promise<{ code: number; out: string; err: string }>((done) => {
    execFile(program!, args, { env: settings, cwd: folder.path(".") }, (error, out, err) => {
      done({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}
const CALLED = { code: 0, out: "HTTP 200\ncaller: machine-a\nverified: offline\n", err: "" };
const own = { TLS_CERTIFICATE_FILE: client.certificateFile, TLS_KEY_FILE: client.keyFile };
const withExpired = { TLS_CERTIFICATE_FILE: expired.certificateFile, TLS_KEY_FILE: expired.keyFile };

describe.each(["call.sh", "machine-a.ts"])("%s over https", { timeout: 30_000 }, (name) => {
  it("gets a token that is bound to its certificate, and calls with it", async () => {
    expect(await run(name, own)).toEqual(CALLED);
    expect(await run(name, own, "refusing")).toEqual(CALLED);
  });

  it("takes names of files without a folder, and with a colon", async () => {
    folder.write("a:b\\c.crt", client.cert);
    folder.write("a:b.key", client.key);
    expect(await run(name, { TLS_CERTIFICATE_FILE: "a:b\\c.crt", TLS_KEY_FILE: "a:b.key" })).toEqual(CALLED);
  });

  it("is refused without a certificate, by an API that tells why", async () => {
    const { code, out, err } = await run(name, {});
    expect({ code, out }).toEqual({ code: 1, out: "HTTP 401\n" });
    expect(err).toContain("refused the call");
  });

  it("trusts the CAs of its file alone", async () => {
    for (const SSL_CERT_FILE of ["", ca.file]) {
      const { code, err } = await run(name, { TLS_CA_FILE: others.file, SSL_CERT_FILE });
      expect(code).toBe(1);
      expect(err).toContain(others.file);
    }
    expect(await run(name, { ...own, SSL_CERT_FILE: others.file })).toEqual(CALLED);
  });

  it.each([
    ["no certificate, TLS 1.3", {}, "refusing", "it asks for a client certificate"],
    ["no certificate, TLS 1.2", {}, "refusing by TLS 1.2", "client certificate"],
    ["an expired one, TLS 1.3", withExpired, "refusing", expired.certificateFile],
    ["an expired one, TLS 1.2", withExpired, "refusing by TLS 1.2", expired.certificateFile],
  ])("says what helps where a server refuses %s", async (_what, env, api, advice) => {
    const { code, err } = await run(name, env, api);
    expect(code).toBe(1);
    expect(err).toContain("machine-a: no answer from https://api.test/api");
    expect(err).toContain(advice);
  });

  const encrypted = folder.path("encrypted.key");
  execFileSync("openssl", ["pkey", "-in", client.keyFile, "-aes256", "-passout", "pass:secret", "-out", encrypted]);
  it.each([
    ["a certificate alone", { TLS_CERTIFICATE_FILE: client.certificateFile }, "got: TLS_CERTIFICATE_FILE alone; set"],
    ["a key alone", { TLS_KEY_FILE: client.keyFile }, "got: TLS_KEY_FILE alone; set TLS_CERTIFICATE_FILE too"],
    ["a CA file that is missing", { TLS_CA_FILE: "/missing.crt" }, "/missing.crt"],
    ["a CA file that is a device", { TLS_CA_FILE: "/dev/zero" }, "/dev/zero"],
    ["a CA file without certificates", { TLS_CA_FILE: client.keyFile }, client.keyFile],
    ["an encrypted key", { ...own, TLS_KEY_FILE: encrypted }, "decrypt it: openssl pkey -in FILE -out NEW_FILE"],
    ["the key of another", { ...own, TLS_KEY_FILE: expired.keyFile }, expired.keyFile],
    ["a key as certificate", { ...own, TLS_CERTIFICATE_FILE: client.keyFile }, client.keyFile],
  ])("ends with 1 and the reason on %s", async (_what, env, reason) => {
    const { code, out, err } = await run(name, env);
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain(reason);
    expect(err).not.toMatch(/BEGIN|MII|MIG/);
    expect(issuer.received).toEqual([]);
  });
});

it("call.sh shows a text of a key that is given for a path by its length", async () => {
  const { err } = await run("call.sh", { TLS_KEY_FILE: client.key, TLS_CERTIFICATE_FILE: client.certificateFile });
  expect(err).toMatch(/TLS_KEY_FILE must name a file that can be read, got: \(a text of \d+ characters, not shown/);
});
