import { rmSync } from "node:fs";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Machine, type MachineOptions, openMachine } from "../../../machines/calling/open-machine";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { listen } from "../listen";

const folder = testFolder();
let server: TestIssuer;
let key: TestKey;
let api: Awaited<ReturnType<typeof listen>>;
const seen: { host?: string; authorization?: string; url?: string }[] = [];
const lines: string[] = [];
const opened: Machine[] = [];
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  key = await folder.rsaKey("machine-a.key");
  server.clients.set("machine-a", key);
  api = await listen((request, response) => {
    const { host, authorization } = request.headers;
    seen.push({ host, authorization, url: request.url });
    if (request.url === "/hangs") return;
    if (request.url === "/large") return void response.end("x".repeat(3_000_000));
    if (request.url === "/echo") {
      response.setHeader("x-type", request.headers["content-type"] ?? "");
      return void request.pipe(response);
    }
    response.end("answer");
  });
});
beforeEach(() => {
  server.reset();
  seen.length = 0;
  lines.length = 0;
});
afterAll(async () => {
  await Promise.all(opened.map((machine) => machine.close()));
  await api.close();
  await server.stop();
  folder.remove();
});

function open(options: Partial<MachineOptions> = {}): Machine {
  const machine = openMachine({
    clientId: "machine-a",
    keyFile: key.file,
    issuer: server.url,
    connectTo: `${server.connectTo},orders.test:80=127.0.0.1:${api.port}`,
    allowInsecureHttp: true,
    log: (line) => lines.push(line),
    ...options,
  });
  opened.push(machine);
  return machine;
}
const form = () => server.received.findLast(({ path }) => path.endsWith("/token"))!.form;

describe("openMachine", () => {
  it("sends nothing before its first use, and needs no issuer to open", async () => {
    open({ issuer: "https://nowhere.invalid/realms/x" });
    open();
    await new Promise((done) => setTimeout(done, 20));
    expect(server.received).toEqual([]);
  });

  it("calls an API where connectTo says, under the API's own name, with its token", async () => {
    const machine = open();
    const response = await machine.fetch("http://orders.test/path");
    expect(await response.text()).toBe("answer");
    expect(seen).toEqual([{ host: "orders.test", url: "/path", authorization: `Bearer ${await machine.getToken()}` }]);
    expect(machine.clientId).toBe("machine-a");
  });

  it("passes scope, algorithm and log on", async () => {
    const machine = open({ scope: "b a", algorithm: "PS256" });
    await machine.getToken().catch(() => undefined); // the client's key is known for RS256 only
    expect(form().get("scope")).toBe("a b");
    expect(decodeProtectedHeader(form().get("client_assertion")!)).toMatchObject({ alg: "PS256", kid: key.kid });
    const { file } = await folder.rsaKey("gone.key");
    const other = open({ keyFile: file });
    rmSync(file);
    (other.signingKey as () => unknown)();
    expect(lines).toEqual([expect.stringContaining(`key file ${file} cannot be read (ENOENT)`)]);
  });

  it("passes patience on", async () => {
    server.answers.set("/token", () => ({ status: 503, body: "" }));
    const since = performance.now();
    await expect(open({ patienceMs: 0 }).getToken()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    expect(performance.now() - since).toBeLessThan(1000);
    expect(() => open({ patienceMs: -1 })).toThrow("`patienceMs` must be a number from 0 to 600000, got: -1");
  });

  it("uses a new key from its file without being opened again", async () => {
    const { file } = await folder.rsaKey("rotated.key");
    const machine = open({ keyFile: file });
    await machine.getToken("first").catch(() => undefined);
    const first = decodeProtectedHeader(form().get("client_assertion")!).kid;
    const next = await folder.rsaKey("rotated.key");
    await machine.getToken("second").catch(() => undefined);
    expect(decodeProtectedHeader(form().get("client_assertion")!).kid).toBe(next.kid);
    expect(next.kid).not.toBe(first);
  });

  it("gives verifiers what they take", async () => {
    const machine = open();
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    const introspect = createIntrospector(machine.issuer, { ...machine, audience: "machine-b" });
    const token = await machine.getToken();
    for (const one of [verify, introspect]) expect(await one(token)).toMatchObject({ caller: "machine-a" });
    expect(decodeJwt(token).azp).toBe(machine.clientId);
  });

  it("says where an address is that nobody answers at", async () => {
    const port = server.port;
    const gone = await listen(() => {});
    await gone.close();
    const machine = open({ connectTo: `issuer.test:8080=127.0.0.1:${port},orders.test:80=127.0.0.1:${gone.port}` });
    await expect(machine.fetch("http://orders.test/x")).rejects.toMatchObject({
      code: "ERR_UNREACHABLE",
      message: `no answer from http://orders.test/x (at 127.0.0.1:${gone.port}): ECONNREFUSED; check that it runs and that the address is right`,
    });
  });

  it("ends a call when the caller's signal says so", async () => {
    const call = open().fetch("http://orders.test/hangs", { signal: AbortSignal.timeout(100) });
    await expect(call).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("gives a call up after its time-out", async () => {
    const call = open({ callTimeoutMs: 100 }).fetch("http://orders.test/hangs");
    await expect(call).rejects.toMatchObject({
      code: "ERR_UNREACHABLE",
      message: expect.stringContaining("nothing within 100 ms"),
    });
  });

  it("takes an answer of any size, and sends a form of Node.js' own kind", async () => {
    const machine = open();
    const large = await machine.fetch("http://orders.test/large");
    expect((await large.text()).length).toBe(3_000_000);
    const body = new FormData();
    body.set("order", "17");
    const echoed = await machine.fetch("http://orders.test/echo", { method: "POST", body });
    expect(await echoed.text()).toMatch(/name="order"\r\n\r\n17\r\n/);
    expect(echoed.headers.get("x-type")).toMatch(/^multipart\/form-data; boundary=/);
  });

  it("closes: idle connections end, and later calls fail", async () => {
    const machine = open();
    await (await machine.fetch("http://orders.test/")).text();
    await Promise.all([machine.close(), machine.close()]); // as two signals would
    await machine.close();
    await expect(machine.fetch("http://orders.test/")).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    expect(seen).toHaveLength(1);
  });

  it.each<[string, () => Partial<MachineOptions>, string, RegExp]>([
    [
      "a key file that is missing",
      () => ({ keyFile: "/missing.key" }),
      "ERR_KEY_UNREADABLE",
      /\/missing\.key .*ENOENT/,
    ],
    ["a folder for a key file", () => ({ keyFile: folder.path("") }), "ERR_KEY_UNREADABLE", /a folder/],
    ["a file in a file", () => ({ keyFile: `${key.file}/x` }), "ERR_KEY_UNREADABLE", /ENOTDIR/],
    ["a file without a key", () => ({ keyFile: folder.write("x", "x") }), "ERR_KEY_FORMAT", /no PEM/],
    ["another kind of key", () => ({ algorithm: "EdDSA" }), "ERR_KEY_TYPE", /EdDSA, got: RSA/],
    ["no client id", () => ({ clientId: "" }), "ERR_OPTION", /`clientId` must not be empty/],
    ["http", () => ({ allowInsecureHttp: false }), "ERR_OPTION", /`issuer` must be an https address/],
    ["no map of addresses", () => ({ connectTo: "x" }), "ERR_OPTION", /`connectTo` must be a list/],
  ])("does not open with %s", (_name, options, code, message) => {
    expect(() => open(options())).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
