// machine-b, the protected API, as a program. Settings come from the environment. Defaults are those of the article.
import { openMachine } from "../calling/open-machine";
import { MachineError } from "../errors";
import { readMachine, readNumber, readText } from "../settings";
import { buildApp } from "./app";
import { listen } from "./listen";

const shutdownMs = 5000;

function main(env = process.env): void {
  const settings = readMachine(env, "machine-b");
  const machine = openMachine(settings);
  const audience = env.AUDIENCE ?? "machine-b";
  const algorithms = readText(env, "TOKEN_ALGORITHMS", "RS256").split(",");
  const app = buildApp({ ...machine, audience, algorithms, origin: env.ORIGIN || undefined });
  if (settings.allowInsecureHttp) {
    console.error("machine-b: http is allowed (ALLOW_INSECURE_HTTP): local development only");
  }

  const address = { port: readNumber(env, "PORT", 3000, 0, 65_535), hostname: readText(env, "HOST", "0.0.0.0") };
  const server = listen(app, address, ({ address, port }) => {
    console.log(`machine-b: listening on ${address}:${port}, tokens of ${machine.issuer.issuer}`);
  });
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
