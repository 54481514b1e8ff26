// The client certificate of a real connection reaches the guard, and nothing else does.
import { createServer } from "node:https";
import { type ConnectionOptions, connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGuard } from "../../../machines/verifying/guard";
import { whyNoCertificate } from "../../../machines/verifying/peer-certificate";
import type { VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { TestIssuer, testFolder } from "../issuer-fixture";
import { listen } from "../listen";
import { type TestCertificate, testAuthority } from "../test-certificates";
import { SERVERS } from "./guarded-servers";

const folder = testFolder();
const ca = testAuthority(folder.path);
const server = ca.issue("server", { purpose: "serverAuth" });
const owner = ca.issue("owner", { purpose: "clientAuth" });
const thief = ca.issue("thief");
const expired = ca.issue("expired", { days: -1 });
const forServers = ca.issue("for-servers", { purpose: "serverAuth" });
const foreign = testAuthority(folder.path, "other-ca").issue("foreign");
let issuer: TestIssuer;
let verify: VerifyToken;
beforeAll(async () => {
  issuer = await new TestIssuer(await folder.key("realm.key", "ES256")).start();
  verify = createVerifier(issuer.open(), { audience: "machine-b", algorithms: ["ES256"] });
});
afterAll(async () => {
  await issuer.stop();
  folder.remove();
});

const boundTo = ({ thumbprint }: TestCertificate) => issuer.mint({ cnf: { "x5t#S256": thumbprint } });
const asks = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };

/** Sends a request, and gives the status and the session that the server offers. */
function send(port: number, token: string, options: ConnectionOptions = {}) {
  return new Promise<{ status: number; session: Buffer | undefined }>((done, fail) => {
    let [text, session]: [string, Buffer | undefined] = ["", undefined];
    const { cert, key, ...more } = options;
    const own = cert ? { cert, key } : {};
    const socket = connect({ port, host: "localhost", servername: "localhost", ca: ca.cert, ...own, ...more });
    socket.on("session", (offered) => {
      session = offered;
    });
    socket.on("data", (data) => {
      text += data;
    });
    socket.on("error", fail);
    socket.on("close", () => done({ status: Number(text.split(" ")[1]), session }));
    socket.write(
      `GET /route HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
  });
}

describe.each(SERVERS.filter(([name]) => !["a bare server", "protect"].includes(name)))("%s", (_name, open) => {
  it("takes a bound token over the connection of its owner alone", async () => {
    const api = await listen(createServer(asks, await open(createGuard({ verify }))));
    const status = async (of: TestCertificate, over?: TestCertificate) =>
      (await send(api.port, await boundTo(of), over)).status;
    expect(await status(owner, owner)).toBe(200);
    expect(await status(owner)).toBe(401);
    expect(await status(owner, thief)).toBe(401);
    for (const unauthorized of [expired, forServers, foreign])
      expect(await status(unauthorized, unauthorized)).toBe(401);
    await api.close();
  });

  it("takes none where the server asks for no certificate, nor without TLS", async () => {
    const handler = await open(createGuard({ verify }));
    const silent = await listen(createServer({ ...asks, requestCert: false }, handler));
    expect((await send(silent.port, await boundTo(owner), owner)).status).toBe(401);
    await silent.close();
    const plain = await listen(handler);
    const headers = { authorization: `Bearer ${await boundTo(owner)}` };
    expect((await fetch(`${plain.url}/route`, { headers })).status).toBe(401);
    await plain.close();
  });
});

describe.each(["TLSv1.2", "TLSv1.3"] as const)("a session of %s that is resumed", (version) => {
  it("has its certificate again, and without one it has none, whatever `authorized` says", async () => {
    const seen: { reused: boolean; why: string }[] = [];
    const [, open] = SERVERS.find(([name]) => name === "Express")!;
    const secure = createServer({ ...asks, maxVersion: version }, await open(createGuard({ verify })));
    secure.on("secureConnection", (socket) => {
      seen.push({ reused: socket.isSessionReused(), why: whyNoCertificate(socket) });
    });
    const api = await listen(secure);
    const { port } = api;
    const token = await boundTo(owner);
    const { session: ofOwner } = await send(port, token, owner);
    expect((await send(port, token, { ...owner, session: ofOwner })).status).toBe(200);
    const { session: ofNobody } = await send(port, token);
    expect((await send(port, token, { session: ofNobody })).status).toBe(401);
    expect(seen.map(({ reused }) => reused)).toEqual([false, true, false, true]);
    // Node.js before 26 calls the last one authorized with TLS 1.3.
    expect(seen[3]!.why).toBe("none was sent");
    await api.close();
  });
});
