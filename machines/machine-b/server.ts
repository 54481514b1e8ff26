// machine-b, the protected API, as a program. Settings come from the environment; what is not set is as in the article.
import type { Server } from "node:http";
import { serve } from "@hono/node-server";
import { MachineError } from "../errors";
import { openIssuer } from "../open-issuer";
import { readAllowInsecureHttp, readPort, readText } from "../settings";
import { loadSigningKey } from "../signing-key";
import { buildApp } from "./app";

const shutdownMs = 5000;

async function main(env = process.env): Promise<void> {
  const allowInsecureHttp = readAllowInsecureHttp(env, "ISSUER");
  const issuer = openIssuer({
    issuer: readText(env, "ISSUER", "http://keycloak:8080/realms/sjwt-example"),
    connectTo: env.CONNECT_TO,
    allowInsecureHttp,
  });
  const app = buildApp({
    issuer,
    audience: env.AUDIENCE ?? "machine-b",
    clientId: readText(env, "CLIENT_ID", "machine-b"),
    signingKey: await loadSigningKey(readText(env, "KEY_FILE", "certs/machine-b-signing.key")),
  });
  if (allowInsecureHttp) console.error("machine-b: http is allowed (ALLOW_INSECURE_HTTP): local development only");

  const address = { port: readPort(env, "PORT", 3000), hostname: readText(env, "HOST", "0.0.0.0") };
  const server = serve({ fetch: app.fetch, ...address }, ({ address, port }) => {
    console.log(`machine-b: listening on ${address}:${port}, tokens of ${issuer.issuer}`);
  }) as Server;
  server.on("error", fail);
  const stop = () => {
    // Requests under way are answered, their connections not kept; what is left after five seconds is cut off.
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

main().catch(fail);
