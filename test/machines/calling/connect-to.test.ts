import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openConnections, parseConnectTo } from "../../../machines/calling/connect-to";
import { OptionError, UnreachableError } from "../../../machines/errors";

describe("parseConnectTo", () => {
  it("reads a list, with spaces, capitals and IPv6", () => {
    const map = parseConnectTo("Keycloak:8080=127.0.0.1:18080, machine-b:3000=[::1]:13000 ,[fe80::1]:80=localhost:81");
    expect([...map]).toEqual([
      ["keycloak:8080", { host: "127.0.0.1", port: "18080" }],
      ["machine-b:3000", { host: "::1", port: "13000" }],
      ["fe80::1:80", { host: "localhost", port: "81" }],
    ]);
  });

  it("reads an empty text as an empty map", () => {
    expect(parseConnectTo("").size).toBe(0);
  });

  it.each([
    "keycloak",
    "keycloak:8080",
    "keycloak=127.0.0.1:1",
    "keycloak:8080=127.0.0.1",
    "keycloak:0=127.0.0.1:1",
    "keycloak:8080=127.0.0.1:65536",
    "a:1=b:2=c:3",
    "a:1:b:2",
    "http://a:1=b:2",
    "a b:1=c:2",
  ])("fails on %s", (text) => {
    expect(() => parseConnectTo(text)).toThrow(
      new OptionError(`\`connectTo\` must be a list of host:port=address:port, separated by commas, got: ${text}`),
    );
  });

  it("fails on a name given twice", () => {
    expect(() => parseConnectTo("a:1=b:2,A:1=c:3")).toThrow("`connectTo` must name each host:port once, got a:1 twice");
  });
});

describe("openConnections", () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === "/slow") return;
      if (request.url === "/move") response.writeHead(302, { location: "http://elsewhere.test/" });
      response.end(request.url === "/huge" ? "x".repeat(2 * 1024 * 1024) : `${request.method} ${request.headers.host}`);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it("connects to the mapped address and keeps the name in the Host header", async () => {
    const connections = openConnections(`api.test:3000=127.0.0.1:${port},plain.test:80=127.0.0.1:${port}`);
    expect(await (await connections.fetch("http://api.test:3000/")).text()).toBe("GET api.test:3000");
    expect(await (await connections.fetch("http://API.test:3000/")).text()).toBe("GET api.test:3000");
    expect(await (await connections.fetch("http://plain.test/")).text()).toBe("GET plain.test");
    expect(await (await connections.fetch(`http://127.0.0.1:${port}/`, { method: "POST" })).text()).toMatch(/^POST/);
    await connections.close();
  });

  it("maps the port too: another port of the same host is not touched", async () => {
    const connections = openConnections(`127.0.0.1:1=127.0.0.1:9,other.test:${port}=127.0.0.1:9`);
    expect((await connections.fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    await connections.close();
  });

  it("sends the name in the address as TLS server name", async () => {
    const names: string[] = [];
    const tls = createTlsServer({
      SNICallback: (name, done) => done(new Error(`no certificate for ${names.push(name)}`)),
    });
    tls.on("tlsClientError", () => undefined);
    await new Promise<void>((resolve) => tls.listen(0, "127.0.0.1", resolve));
    const connections = openConnections(`secure.test:443=127.0.0.1:${(tls.address() as AddressInfo).port}`);
    await expect(connections.fetch("https://secure.test/")).rejects.toBeInstanceOf(UnreachableError);
    expect(names).toEqual(["secure.test"]);
    await connections.close();
    tls.close();
  });

  it("does not follow a redirect", async () => {
    const connections = openConnections();
    expect((await connections.fetch(`http://127.0.0.1:${port}/move`)).status).toBe(302);
    await connections.close();
  });

  it("fails with the address, where it connected to, and the reason", async () => {
    const connections = openConnections("api.test:3000=127.0.0.1:9");
    await expect(connections.fetch("http://api.test:3000/path?query=1")).rejects.toMatchObject({
      code: "ERR_UNREACHABLE",
      message:
        "no answer from http://api.test:3000/path (at 127.0.0.1:9): ECONNREFUSED; check that it runs and that the address is right",
    });
    await connections.close();
  });

  it("fails when there is no answer in time", async () => {
    const connections = openConnections("", { timeoutMs: 100 });
    await expect(connections.fetch(`http://127.0.0.1:${port}/slow`)).rejects.toThrow("nothing within 100 ms");
    await connections.close();
  });

  it.each([0, -1, 1.5, 2 ** 31, Number.NaN])("does not start with a time limit of %d ms", (timeoutMs) => {
    expect(() => openConnections("", { timeoutMs })).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
  });

  it("calls a request that cannot be sent no outage", async () => {
    const connections = openConnections();
    const url = `http://127.0.0.1:${port}/`;
    await expect(connections.fetch(url, { body: "x" })).rejects.toBeInstanceOf(TypeError);
    await connections.close();
  });

  it("fails on an answer without end", async () => {
    const connections = openConnections();
    const response = await connections.fetch(`http://127.0.0.1:${port}/huge`);
    await expect(response.text()).rejects.toThrow();
    await connections.close();
  });
});
