// Whatever the library asks the issuer and an API goes the way that the program or its environment says.

import { Agent, getGlobalDispatcher, ProxyAgent, setGlobalDispatcher, fetch as undiciFetch } from "undici";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createIntrospector,
  createVerifier,
  type Fetch,
  type MachineOptions,
  openConnections,
  openMachine,
} from "../../../machines";
import { NO_NETWORK, openProxy, ownCertificate, type TestProxy } from "../../network/test-proxy";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { listen } from "../listen";

const folder = testFolder();
const authority = ownCertificate(folder.path, "issuer.test");
const others = ownCertificate((name) => folder.path(`other-${name}`), "other.test");
const schemes = ["http", "https"] as const;
const issuers = {} as Record<(typeof schemes)[number], TestIssuer>;
let key: TestKey;
let proxy: TestProxy;
let names: Record<string, number>;
beforeAll(async () => {
  const realmKey = await folder.rsaKey("realm.key");
  key = await folder.rsaKey("machine.key");
  issuers.http = await new TestIssuer(realmKey).start();
  issuers.https = await new TestIssuer(realmKey, "test", authority).start();
  proxy = await openProxy({ names: () => names });
});
beforeEach(() => {
  for (const [name, value] of Object.entries(NO_NETWORK)) vi.stubEnv(name, value);
  for (const scheme of schemes) {
    issuers[scheme].reset();
    issuers[scheme].clients.set("machine-a", key);
  }
  proxy.seen.length = 0;
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});
afterAll(async () => {
  await proxy.close();
  for (const scheme of schemes) await issuers[scheme].stop();
  folder.remove();
});

/** Touches the network in every way there is: discovery, keys, token, introspection and a call. */
async function touchAll(scheme: (typeof schemes)[number], options: Partial<MachineOptions> = {}): Promise<void> {
  const issuer = issuers[scheme];
  names = { "issuer.test:8080": issuer.port };
  const machine = openMachine({
    clientId: "machine-a",
    signingKey: key,
    issuer: issuer.url,
    allowInsecureHttp: scheme === "http",
    patienceMs: 0,
    log: () => undefined,
    ...options,
  });
  try {
    const token = await machine.getToken();
    await createVerifier(machine.issuer, { audience: "machine-b" })(token);
    await createIntrospector(machine.issuer, { ...machine, audience: "machine-b" })(token);
    issuer.answers.set("/api", () => ({ body: "{}" }));
    expect((await machine.fetch(`${issuer.url}/api`)).status).toBe(200);
  } finally {
    await machine.close();
  }
}

const paths = [
  "/.well-known/openid-configuration",
  "/protocol/openid-connect/token",
  "/protocol/openid-connect/certs",
  "/protocol/openid-connect/token/introspect",
  "/api",
];
const byFetch: Fetch = (url, init) =>
  undiciFetch(url, { ...init, dispatcher: proxyAgent() } as never) as unknown as Promise<Response>;
const proxyAgent = () => new ProxyAgent({ uri: proxy.url, proxyTunnel: false, requestTls: { ca: authority.cert } });

describe.each(schemes)("%s through a proxy", (scheme) => {
  /** Every request was seen: each by its path, or by a tunnel to the host. */
  function expectAll(): void {
    expect(issuers[scheme].received.map(({ path }) => path)).toEqual(paths);
    const whole = paths.map((path) => expect.stringMatching(`^(GET|POST) ${issuers.http.url}${path}$`));
    const tunnels = new Set(proxy.seen);
    if (scheme === "http") expect(proxy.seen).toEqual(whole);
    else expect([...tunnels]).toEqual(["CONNECT issuer.test:8080"]);
  }

  it.each(["small", "capital"])("of the environment, in %s letters", async (letters) => {
    const name = `${scheme}_proxy`;
    vi.stubEnv(letters === "small" ? name : name.toUpperCase(), proxy.url.replace("http://", ""));
    vi.stubEnv("SSL_CERT_FILE", authority.file);
    await touchAll(scheme);
    expectAll();
  });

  it("of a `dispatcher`", async () => {
    const dispatcher = proxyAgent();
    await touchAll(scheme, { dispatcher });
    expectAll();
    await dispatcher.close();
  });

  it("of an own `fetch`", async () => {
    await touchAll(scheme, { fetch: byFetch });
    expectAll();
  });

  it("of the global dispatcher, even if the environment names another", async () => {
    vi.stubEnv(`${scheme}_proxy`, "http://127.0.0.1:9");
    const before = getGlobalDispatcher();
    setGlobalDispatcher(proxyAgent());
    try {
      await touchAll(scheme);
      expectAll();
    } finally {
      setGlobalDispatcher(before);
    }
  });

  it("is left out for hosts of `NO_PROXY`, of `connectTo`, and this machine itself", async () => {
    vi.stubEnv(`${scheme}_proxy`, proxy.url);
    vi.stubEnv("SSL_CERT_FILE", authority.file);
    await touchAll(scheme, { connectTo: issuers[scheme].connectTo });
    const { fetch, close } = openConnections();
    await fetch(`${scheme}://localhost:${issuers[scheme].port}/`).catch(() => undefined);
    await fetch(`${scheme}://127.0.0.1:${issuers[scheme].port}/`).catch(() => undefined);
    vi.stubEnv("NO_PROXY", "elsewhere,.test");
    await fetch(`${scheme}://issuer.test:8080/`).catch(() => undefined);
    await close();
    expect(proxy.seen).toEqual([]);
  });
});

describe("a CA of one's own", () => {
  it("is trusted by `SSL_CERT_FILE`, and not without", async () => {
    const { connectTo } = issuers.https;
    await expect(touchAll("https", { connectTo })).rejects.toThrow("a CA that is not trusted here");
    vi.stubEnv("SSL_CERT_FILE", authority.file);
    await touchAll("https", { connectTo });
  });

  it("is trusted by a `dispatcher`", async () => {
    const connect = { ca: authority.cert, lookup: undefined };
    const { fetch, close } = openConnections("", { dispatcher: new Agent({ connect }) });
    await expect(fetch(`https://localhost:${issuers.https.port}/`)).rejects.toThrow("is for another name");
    await close();
  });

  it.each([
    ["a file that is missing", "/missing.pem", "ENOENT"],
    ["a folder", "/tmp", "a folder"],
    ["a device", "/dev/zero", "a device"],
    ["a file of another form", __filename, "no certificate"],
  ])("fails at the first use on %s", async (_what, file, reason) => {
    vi.stubEnv("SSL_CERT_FILE", file);
    const { fetch, close } = openConnections();
    await expect(fetch("https://issuer.test/")).rejects.toMatchObject({
      code: "ERR_OPTION",
      message: `SSL_CERT_FILE must name a file of certificates in PEM, got: ${file} (${reason})`,
    });
    await close();
  });
});

describe("a `fetch` that the program has put in place", () => {
  it("is used, whatever the environment says", async () => {
    vi.stubEnv("HTTPS_PROXY", proxy.url);
    vi.stubGlobal("fetch", async () => new Response("a stand-in"));
    const { fetch, close } = openConnections();
    expect(await (await fetch("https://issuer.test/")).text()).toBe("a stand-in");
    await close();
  });
});

describe("options", () => {
  const refused: [string, string, object, string][] = [
    ["a fetch that is none", "", { fetch: "fetch" }, "`fetch` must be a function"],
    ["a dispatcher that is none", "", { dispatcher: {} }, "`dispatcher` must be a dispatcher of undici"],
    ["two ways", "", { fetch, dispatcher: new Agent() }, "may be given, got: `fetch` and `dispatcher`"],
    ["a map and a fetch", "a:1=b:2", { fetch }, "may be given, got: `fetch` and `connectTo`"],
  ];
  it.each(refused)("fail at once on %s", (_what, connectTo, options, message) => {
    expect(() => openConnections(connectTo, options)).toThrow(
      expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) }),
    );
  });

  it("end an answer of an own `fetch` at the limit, and wait for it no longer than the time limit", async () => {
    const long: Fetch = async () => new Response("x".repeat(11));
    const { fetch } = openConnections("", { fetch: long, maxResponseBytes: 10 });
    const response = await fetch("https://issuer.test/");
    await expect(response.text()).rejects.toThrow("https://issuer.test answered with more than 10 bytes");
    const never: Fetch = (_url, init) =>
      new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason)));
    const slow = openConnections("", { fetch: never, timeoutMs: 20 });
    await expect(slow.fetch("https://issuer.test/")).rejects.toThrow("nothing within 20 ms");
  });
});

describe("what failed", () => {
  const failures: [string, () => Promise<Record<string, string>> | Record<string, string>, string, string][] = [
    [
      "a proxy that is away",
      () => ({ HTTPS_PROXY: "http://user:secret@127.0.0.1:9" }),
      "the proxy http://127.0.0.1:9 cannot be reached (ECONNREFUSED)",
      "check HTTPS_PROXY",
    ],
    [
      "a proxy that has no such name",
      () => ({ HTTPS_PROXY: "http://user:secret@proxy.invalid:9" }),
      "the proxy http://proxy.invalid:9 cannot be reached",
      "check HTTPS_PROXY",
    ],
    [
      "a proxy that does not let us",
      () => ({ HTTPS_PROXY: proxy.url }),
      "refused the connection (403)",
      "have the host allowed there, or name it in NO_PROXY",
    ],
    [
      "a proxy that wants a login",
      async () => ({ HTTPS_PROXY: (await openProxy({ names: () => ({}), login: "user:secret" })).url }),
      "asks for a user and a password (407)",
      "http://user:password@host:port",
    ],
    ["a proxy that is none", () => ({ HTTPS_PROXY: "ftp://user:secret@x" }), "HTTPS_PROXY must be the address", ""],
    ["a name that does not exist", () => ({}), "ENOTFOUND, no such host", "whether HTTPS_PROXY must be set here"],
  ];
  it.each(failures)("is told with its cause and what helps: %s", async (_what, env, reason, advice) => {
    names = {};
    for (const [name, value] of Object.entries(await env())) vi.stubEnv(name, value);
    const { fetch, close } = openConnections();
    const { message } = await fetch("https://issuer.invalid/x").then(
      () => new Error("no error"),
      (error: Error) => error,
    );
    await close();
    expect(message).toContain(reason);
    expect(message).toContain(advice);
    expect(message).not.toContain("secret");
  });

  it("is told of a server that speaks no TLS, and of a certificate of others", async () => {
    const plain = await listen((_request, response) => response.end());
    const { fetch, close } = openConnections(
      `issuer.test:8443=127.0.0.1:${plain.port},issuer.test:8444=127.0.0.1:${issuers.https.port}`,
    );
    await expect(fetch("https://issuer.test:8443/")).rejects.toThrow("it does not speak TLS on this port");
    await expect(fetch("https://localhost:1/")).rejects.toThrow("bad port, which `fetch` never calls; use another");
    vi.stubEnv("SSL_CERT_FILE", others.file);
    await expect(fetch("https://issuer.test:8444/")).rejects.toThrow("in SSL_CERT_FILE or NODE_EXTRA_CA_CERTS");
    await close();
    await plain.close();
  });
});
