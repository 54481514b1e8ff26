import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type SecureVersion, type TLSSocket } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { certificateOf } from "../../../machines/verifying/peer-certificate";
import { testFolder } from "../issuer-fixture";
import { type TestCertificate, testAuthority } from "../test-certificates";

const folder = testFolder();
afterAll(() => folder.remove());
const ca = testAuthority(folder.path);
const server = ca.issue("server", { purpose: "serverAuth" });
const owner = ca.issue("owner", { purpose: "clientAuth" });

/** Both ends of a connection for which the client has shown its certificate. */
async function connection(version: SecureVersion, { cert, key }: TestCertificate) {
  const asks = { cert: server.cert, key: server.key, ca: ca.cert, requestCert: true, rejectUnauthorized: false };
  const listening = createServer({ ...asks, minVersion: version, maxVersion: version });
  listening.listen(0, "127.0.0.1");
  await once(listening, "listening");
  const { port } = listening.address() as AddressInfo;
  const client = connect({ port, host: "localhost", servername: "localhost", ca: ca.cert, cert, key });
  const [socket] = (await once(listening, "secureConnection")) as [TLSSocket];
  client.resume();
  const end = async () => {
    client.destroy();
    socket.destroy();
    listening.close();
  };
  return { client, socket, end };
}

describe("the certificate of a connection's client", () => {
  it("is read once for all calls over a connection of TLS 1.3", async () => {
    const { socket, end } = await connection("TLSv1.3", owner);
    expect(certificateOf(socket)).toEqual(owner.der);
    expect(certificateOf(socket)).toBe(certificateOf(socket));
    await end();
  });

  it("is read anew in TLS 1.2, where a renegotiation may have brought another one", async () => {
    const { socket, end } = await connection("TLSv1.2", owner);
    expect(certificateOf(socket)).toEqual(owner.der);
    expect(certificateOf(socket)).not.toBe(certificateOf(socket));
    await end();
  });
});
