// machine-b, the protected API, as a program. Settings come from the environment. Defaults are those of the article.
import type { AddressInfo } from "node:net";
import { openMachine } from "../calling/open-machine";
import { followTls } from "../calling/tls-options";
import { MachineError, OptionError } from "../errors";
import { toStandardError } from "../log";
import { readScopes } from "../scopes";
import { readMachine, readNumber, readSwitch, readText } from "../settings";
import { buildApp } from "./app";
import { parseCallerCertificates, parseClientCertificates } from "./certificate-settings";
import { LIMITS, listen } from "./listen";

const shutdownMs = 5000;

function main(env = process.env): void {
  const settings = readMachine(env, "machine-b");
  const tls = settings.tls && followTls(settings.tls, toStandardError);
  const machine = openMachine({ ...settings, tls });
  const audience = env.AUDIENCE ?? "machine-b";
  const algorithms = readText(env, "TOKEN_ALGORITHMS", "RS256").split(",");
  // A certificate for clients alone is for the issuer.
  const hasCertificate = tls?.certificateFile !== undefined;
  const served = readSwitch(env, "SERVE_HTTPS", hasCertificate) ? tls : undefined;
  if (env.SERVE_HTTPS === "true" && !hasCertificate) {
    throw new OptionError(
      "SERVE_HTTPS is true, and so TLS_CERTIFICATE_FILE and TLS_KEY_FILE must be set, got: neither",
    );
  }
  const clientCertificates = parseClientCertificates(readText(env, "CLIENT_CERTIFICATES", "none"), served);
  const callerCertificates = parseCallerCertificates(readText(env, "CALLER_CERTIFICATES", ""), clientCertificates);
  const app = buildApp({
    ...machine,
    audience,
    algorithms,
    requiredScopes: readScopes(readText(env, "REQUIRED_SCOPES", ""), "REQUIRED_SCOPES"),
    origin: env.ORIGIN || undefined,
    callerCertificates,
    requiresCertificate: clientCertificates === "required",
  });
  if (settings.allowInsecureHttp) {
    console.error("machine-b: http is allowed (ALLOW_INSECURE_HTTP): local development only");
  }

  const address = { port: readNumber(env, "PORT", 3000, 0, 65_535), hostname: readText(env, "HOST", "0.0.0.0") };
  const serverTls = served && { files: served, clientCertificates };
  const ready = ({ address, port }: AddressInfo) => {
    const by = serverTls ? ` by https, client certificates: ${clientCertificates}` : "";
    console.log(`machine-b: listening on ${address}:${port}${by}, tokens of ${machine.issuer.issuer}`);
  };
  const server = listen(app, address, ready, LIMITS, serverTls);
  server.on("error", fail);
  const stop = () => {
    // Answers requests under way and closes their connections. After five seconds the rest is cut off.
    setTimeout(() => process.exit(1), shutdownMs).unref();
    server.keepAliveTimeout = 1;
    server.close(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

function fail(error: Error): void {
  console.error(
    error instanceof MachineError ? `machine-b: ${error.message} [${error.code}]` : `machine-b: ${error.message}`,
  );
  process.exit(1);
}

try {
  main();
} catch (error) {
  fail(error as Error);
}
