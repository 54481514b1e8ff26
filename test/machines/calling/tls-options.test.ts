import { createServer as createHttpsServer, type Server } from "node:https";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import {
  type ConnectionOptions,
  createGuard,
  createIntrospector,
  createVerifier,
  expressGuard,
  openConnections,
  openMachine,
} from "../../../machines";
import { openProxy } from "../../network/test-proxy";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { renew, type TestCertificate, testAuthority } from "../test-certificates";

const folder = testFolder();
const ca = testAuthority(folder.path);
const others = testAuthority(folder.path, "other-ca");
const server = ca.issue("server", { hosts: ["issuer.test", "mtls.test"] });
const client = ca.issue("client");
const lines: string[] = [];
const log = (line: string) => lines.push(line);
let mutual: Server;
let api: Awaited<ReturnType<typeof listen>>;
let key: TestKey;
beforeAll(async () => {
  key = await folder.rsaKey("machine.key");
  const tls = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  mutual = createHttpsServer(tls, ({ socket }, response) => {
    const { authorized } = socket as TLSSocket;
    response.end(authorized ? (socket as TLSSocket).getPeerX509Certificate()?.subject : "nobody");
  });
  api = await listen(mutual);
});
beforeEach(() => {
  lines.length = 0;
});
afterAll(async () => {
  await api.close();
  folder.remove();
});

const url = () => `https://localhost:${api.port}/`;
async function answer(options: ConnectionOptions, connectTo = "", address = url()): Promise<string> {
  const { fetch, close } = openConnections(connectTo, options);
  try {
    return await (await fetch(address)).text();
  } finally {
    await close();
  }
}
const copyOf = (name: string, pair: TestCertificate): TestCertificate => {
  const certificateFile = folder.write(`${name}.crt`, pair.cert);
  return { ...pair, certificateFile, keyFile: folder.write(`${name}.key`, pair.key) };
};
const tlsOf = ({ certificateFile, keyFile }: TestCertificate) => ({ caFile: ca.file, certificateFile, keyFile });

describe("`tls`", () => {
  it("trusts the CAs of its file, in place of those of the environment, and presents its certificate", async () => {
    vi.stubEnv("SSL_CERT_FILE", others.file);
    try {
      expect(await answer({ tls: { caFile: ca.file } })).toBe("nobody");
      expect(await answer({ tls: tlsOf(client) })).toBe("CN=client");
      expect(
        await answer(
          { tls: tlsOf(client) },
          `api.test:1=127.0.0.1:${api.port},mtls.test:443=127.0.0.1:${api.port}`,
          "https://mtls.test/",
        ),
      ).toBe("CN=client");
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("takes the CAs of the environment where it names none", async () => {
    vi.stubEnv("SSL_CERT_FILE", ca.file);
    const { certificateFile, keyFile } = client;
    expect(await answer({ tls: { certificateFile, keyFile } })).toBe("CN=client");
    vi.unstubAllEnvs();
  });

  it("goes through the tunnel of a proxy, before and after a renewal", async () => {
    const own = copyOf("tunnelled", client);
    const proxy = await openProxy({ names: () => ({ "mtls.test:443": api.port }) });
    vi.stubEnv("HTTPS_PROXY", proxy.url);
    const { fetch, close } = openConnections("", { tls: tlsOf(own), log });
    const who = async () => (await fetch("https://mtls.test/")).text();
    expect(await who()).toBe("CN=client");
    renew(own, ca.issue("through"));
    await new Promise((done) => setTimeout(done, 1100));
    expect(await who()).toBe("CN=through");
    expect(proxy.seen).toEqual(["CONNECT mtls.test:443", "CONNECT mtls.test:443"]);
    vi.unstubAllEnvs();
    await close();
    await proxy.close();
  });

  const refused: [string, object, string][] = [
    [
      "a certificate alone",
      { tls: { certificateFile: client.certificateFile } },
      "got: `tls.certificateFile` alone; give `tls.keyFile` too",
    ],
    ["a key alone", { tls: { keyFile: client.keyFile } }, "got: `tls.keyFile` alone"],
    ["something else", { tls: "ca.crt" }, "`tls` must be an object, got: ca.crt"],
    ["a number as path", { tls: { caFile: 1 } }, "`tls.caFile` must be the path of a file, got: 1"],
    ["an empty path", { tls: { caFile: "" } }, "got: an empty text"],
    [
      "a file that is missing",
      { tls: { caFile: "/missing.crt" } },
      "`tls.caFile` /missing.crt cannot be read (ENOENT); check",
    ],
    ["a `fetch`", { tls: {}, fetch }, "`tls` may not be given beside `fetch`"],
    ["a dispatcher", { tls: {}, dispatcher: { dispatch: () => true } }, "`tls` may not be given beside `dispatcher`"],
  ];
  it.each(refused)("fails at once on or beside %s", (_what, options, message) => {
    const wrong = expect.objectContaining({ code: "ERR_OPTION", message: expect.stringContaining(message) });
    expect(() => openConnections("", options)).toThrow(wrong);
    const machine = { clientId: "machine-a", signingKey: key, issuer: "https://issuer.test" };
    expect(() => openMachine({ ...machine, ...options })).toThrow();
  });
});

describe("renewed files", { timeout: 20_000 }, () => {
  it("are used without a restart: a certificate, its CA, and not a pair that does not match", async () => {
    const own = copyOf("own", client);
    const next = ca.issue("next");
    const { fetch, close } = openConnections("", { tls: tlsOf(own), log });
    const who = async () => (await fetch(url())).text();
    expect(await who()).toBe("CN=client");
    folder.write("own.crt", next.cert); // its key comes later
    await new Promise((done) => setTimeout(done, 1100));
    expect(await who()).toBe("CN=client");
    expect(lines).toEqual([expect.stringContaining("machine: tls: renewed files are refused, the former ones stay: ")]);
    folder.write("own.crt", next.cert.slice(0, 300));
    await new Promise((done) => setTimeout(done, 1100));
    expect(await who()).toBe("CN=client");
    renew(own, next);
    await expect.poll(who, { timeout: 20_000 }).toBe("CN=next");
    expect(lines.at(-1)).toContain("machine: tls: renewed files are used from now on: ");
    expect(lines).toHaveLength(3);
    await close();
  });

  it("leave a request under way in peace", async () => {
    const own = copyOf("slow", client);
    const slow = await listen(
      createHttpsServer({ cert: server.cert, key: server.key }, (_request, response) => {
        response.write("begun ");
        setTimeout(() => response.end("ended"), 3000);
      }),
    );
    const { fetch, close } = openConnections("", { tls: tlsOf(own), timeoutMs: 30_000, log });
    const first = await fetch(`https://localhost:${slow.port}/`);
    renew(own, ca.issue("after"));
    await expect.poll(async () => (await fetch(url())).text(), { timeout: 20_000 }).toBe("CN=after");
    expect(await first.text()).toBe("begun ended");
    await close();
    await slow.close();
  });
});

describe("an issuer with addresses for client certificates", () => {
  let issuer: TestIssuer;
  beforeAll(async () => {
    const realmKey = await folder.rsaKey("realm.key");
    issuer = await new TestIssuer(realmKey, "test", server).start();
    issuer.clients.set("machine-a", key);
    const usual = issuer.answers.get("/.well-known/openid-configuration")!;
    const aliases = Object.fromEntries(
      [
        ["token_endpoint", "token"],
        ["introspection_endpoint", "token/introspect"],
      ].map(([name, path]) => [name, `https://mtls.test:8443/realms/test/protocol/openid-connect/${path}`]),
    );
    issuer.answers.set("/.well-known/openid-configuration", async (received) => {
      const { body } = await usual(received);
      return { body: { ...(body as object), mtls_endpoint_aliases: aliases } };
    });
  });
  afterAll(() => issuer.stop());

  it.each([true, false])("is asked there with a certificate, and else not: %s", async (withCertificate) => {
    issuer.received.length = 0;
    const machine = openMachine({
      clientId: "machine-a",
      signingKey: key,
      issuer: issuer.url,
      connectTo: `${issuer.connectTo},mtls.test:8443=127.0.0.1:${issuer.port}`,
      tls: withCertificate ? tlsOf(client) : { caFile: ca.file },
      patienceMs: 0,
    });
    const token = await machine.getToken();
    const verify = createIntrospector(machine.issuer, { ...machine, audience: "machine-b" });
    expect((await verify(token)).caller).toBe("machine-a");
    const host = withCertificate ? "mtls.test:8443" : "issuer.test:8080";
    const asked = issuer.received.filter(({ path }) => path.includes("/token"));
    expect(asked.map(({ headers }) => headers.host)).toEqual([host, host]);
    await machine.close();
  });
});

it("a token that is bound to the former certificate is replaced after a renewal", { timeout: 20_000 }, async () => {
  const own = copyOf("bound", client);
  const tls = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  const issuer = await new TestIssuer(await folder.rsaKey("realm-2.key"), "test", tls).start();
  issuer.clients.set("machine-a", key);
  const guard = createGuard({ verify: createVerifier(issuer.open(), { audience: "machine-b" }), requireBinding: true });
  const serve = expressGuard(guard);
  const bound = await listen(
    createHttpsServer(tls, (request, response) => serve(request, response, () => response.end("welcome"))),
  );
  const settings = { clientId: "machine-a", signingKey: key, issuer: issuer.url, connectTo: issuer.connectTo };
  const machine = openMachine({ ...settings, tls: tlsOf(own), log });
  vi.stubEnv("SSL_CERT_FILE", ca.file);
  const call = async () => (await machine.fetch(`https://localhost:${bound.port}/`)).text();
  expect(await call()).toBe("welcome");
  const former = await machine.getToken();
  await new Promise((done) => setTimeout(done, 1100));
  renew(own, ca.issue("renewed"));
  await new Promise((done) => setTimeout(done, 1100));
  expect(await call()).toBe("welcome");
  expect(await machine.getToken()).not.toBe(former);
  vi.unstubAllEnvs();
  await machine.close();
  await bound.close();
  await issuer.stop();
});
