import { createServer } from "node:https";
import type { TlsOptions } from "node:tls";
import { afterAll, describe, expect, it } from "vitest";
import { type ConnectionOptions, openConnections } from "../../machines";
import { explainFailure } from "../../network/failure";
import { testFolder } from "../machines/issuer-fixture";
import { listen } from "../machines/listen";
import { testAuthority } from "../machines/test-certificates";

const folder = testFolder();
afterAll(() => folder.remove());
const ca = testAuthority(folder.path);
const others = testAuthority(folder.path, "other-ca");
const server = ca.issue("server");
const expired = ca.issue("expired", { days: -1 });
const forClients = ca.issue("for-clients", { purpose: "clientAuth" });
const tls = { caFile: ca.file, certificateFile: expired.certificateFile, keyFile: expired.keyFile };

async function failureOf(serves: TlsOptions, options: ConnectionOptions): Promise<string> {
  const asked = createServer({ cert: server.cert, key: server.key, ca: ca.cert, ...serves }, (_, response) => {
    response.end("served");
  });
  const { port, close } = await listen(asked);
  const { fetch, close: end } = openConnections("", options);
  const message = await fetch(`https://localhost:${port}/`).then(
    (response) => response.text(),
    (error: Error) => error.message,
  );
  await end();
  await close();
  return message.replace(/^.*?: /, "");
}

const asks = { requestCert: true, rejectUnauthorized: true };
const closed = "that the address is right, and";

describe("a TLS connection that fails is told in one sentence, with the file at fault:", () => {
  const failures: [string, TlsOptions, ConnectionOptions, string][] = [
    [
      "a server of another CA",
      {},
      { tls: { caFile: others.file } },
      `its certificate is of a CA that is not trusted here (SELF_SIGNED_CERT_IN_CHAIN); put that CA's certificate into ${others.file} (\`tls.caFile\`)`,
    ],
    [
      "no certificate where one is asked for, TLS 1.2",
      { ...asks, maxVersion: "TLSv1.2" },
      { tls: { caFile: ca.file } },
      "it agrees to no connection, and may ask for a client certificate (ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE); give a client certificate that it trusts: `tls.certificateFile` and `tls.keyFile`",
    ],
    [
      "no certificate where one is asked for, TLS 1.3",
      asks,
      { tls: { caFile: ca.file } },
      "it asks for a client certificate (ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED); give a client certificate that it trusts: `tls.certificateFile` and `tls.keyFile`",
    ],
    [
      "an expired certificate, TLS 1.3",
      asks,
      { tls },
      `${closed} that it takes the client certificate in ${expired.certificateFile} (\`tls.certificateFile\`)`,
    ],
    [
      "a server with a client's certificate",
      { cert: forClients.cert, key: forClients.key },
      { tls: { caFile: ca.file } },
      "its certificate is not for servers (INVALID_PURPOSE); have it issued with",
    ],
    [
      "a server of TLS 1.1",
      { minVersion: "TLSv1.1", maxVersion: "TLSv1.1" },
      { tls: { caFile: ca.file } },
      "it speaks neither TLS 1.3 nor 1.2 (ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION); turn one",
    ],
    [
      "an expired certificate of a server",
      { cert: expired.cert, key: expired.key },
      { tls: { caFile: ca.file } },
      "its certificate has expired (CERT_HAS_EXPIRED); renew it",
    ],
  ];
  it.each(failures)("%s", async (_what, serves, options, message) => {
    // The OpenSSL of Node.js 26 names the alerts of old versions of TLS otherwise.
    const failure = (await failureOf(serves, options)).replace("ERR_SSL_SSL/TLS_ALERT", "ERR_SSL_SSLV3_ALERT");
    expect(failure).toContain(message);
  });
});

const coded = (code: string) => Object.assign(new Error("x"), { cause: Object.assign(new Error("y"), { code }) });
const file = "/etc/own.crt";

describe("an alert of a server", () => {
  const alerts: [code: string, reason: string][] = [
    ["ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE", "it is damaged or signed wrongly"],
    ["ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE", "for a purpose that is not accepted"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED", "it is revoked"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED", "it has expired"],
    ["ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED", "it has expired"],
    ["ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN", "it is not accepted"],
    ["ERR_SSL_TLSV1_ALERT_UNKNOWN_CA", "it is of a CA that is not trusted there"],
    ["ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR", "its signature is wrong"],
    ["ERR_SSL_TLSV1_ALERT_ACCESS_DENIED", "its owner may not connect"],
  ];
  it.each(alerts)("%s names the client certificate, or says that one is asked for", (code, reason) => {
    const withOne = explainFailure(coded(code), undefined, { certificateFile: file });
    expect(withOne.reason).toMatch(/^it refuses the client certificate: /);
    expect(withOne.reason).toContain(reason);
    expect(withOne.reason).toContain(code);
    expect(withOne.advice).toBe(
      `renew the certificate in ${file} (\`tls.certificateFile\`), or have its CA trusted there`,
    );
    expect(explainFailure(coded(code), undefined, {}).reason).toBe(`it asks for a client certificate (${code})`);
    expect(explainFailure(coded(code)).advice).toBe("give a client certificate that it trusts");
  });

  it("that one is required says so, and one that is not known stays as it is", () => {
    const code = "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED";
    expect(explainFailure(coded(code), undefined, {})).toEqual({
      reason: `it asks for a client certificate (${code})`,
      advice: "give a client certificate that it trusts: `tls.certificateFile` and `tls.keyFile`",
    });
    const failure = explainFailure(coded("ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE"), undefined, {
      certificateFile: file,
    });
    expect(failure.advice).toContain(`that it takes the certificate in ${file}`);
    expect(explainFailure(coded("ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR")).reason).toBe(
      "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
    );
  });
});
