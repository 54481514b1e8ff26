// machine-b, the protected API, as a program. Settings come from the environment. Defaults are those of the article.
import type { Server } from "node:http";
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
import { type MetricsServer, openMetrics } from "./metrics-server";

const shutdownMs = 5000;

async function main(env = process.env): Promise<void> {
  const settings = readMachine(env, "machine-b");
  const tls = settings.tls && followTls(settings.tls, toStandardError);
  const address = { port: readNumber(env, "PORT", 3000, 0, 65_535), hostname: readText(env, "HOST", "0.0.0.0") };
  const metricsPort = env.METRICS_PORT ? readMetricsPort(env, address.port) : undefined;
  const metrics = metricsPort === undefined ? undefined : await openMetrics();
  const observers = metrics && [metrics.observer];
  const machine = openMachine({ ...settings, tls, observers });
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
    observers,
  });
  if (settings.allowInsecureHttp) {
    console.error("machine-b: http is allowed (ALLOW_INSECURE_HTTP): local development only");
  }

  const serverTls = served && { files: served, clientCertificates };
  const ready = ({ address, port }: AddressInfo) => {
    const by = serverTls ? ` by https, client certificates: ${clientCertificates}` : "";
    console.log(`machine-b: listening on ${address}:${port}${by}, tokens of ${machine.issuer.issuer}`);
  };
  const server = listen(app, address, ready, LIMITS, serverTls);
  server.on("error", fail);
  const metricsHost = readText(env, "METRICS_HOST", address.hostname);
  const metricsServer = metrics && serveMetrics(metrics, { port: metricsPort!, hostname: metricsHost });
  const stop = () => {
    // Answers requests under way and closes their connections. After five seconds the rest is cut off.
    setTimeout(() => process.exit(1), shutdownMs).unref();
    metricsServer?.close();
    metricsServer?.closeAllConnections();
    server.keepAliveTimeout = 1;
    server.close(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}

/** @throws {OptionError} `ERR_OPTION` for the port of the API: who may read metrics is not who may call it */
function readMetricsPort(env: NodeJS.ProcessEnv, apiPort: number): number {
  const port = readNumber(env, "METRICS_PORT", 0, 0, 65_535);
  if (port !== apiPort || port === 0) return port;
  throw new OptionError(`METRICS_PORT must be another port than PORT, got: ${port} for both; 9464 is usual`);
}

function serveMetrics(metrics: MetricsServer, address: { port: number; hostname: string }): Server {
  const ready = ({ address, port }: AddressInfo) => console.log(`machine-b: metrics on ${address}:${port}/metrics`);
  return metrics.listen(address, ready).on("error", fail);
}

function fail(error: Error): void {
  console.error(
    error instanceof MachineError ? `machine-b: ${error.message} [${error.code}]` : `machine-b: ${error.message}`,
  );
  process.exit(1);
}

main().catch(fail);
