// What machines notice when a server in production, its database or the network between them breaks.
//
//   npx tsx bench/reliability.ts
//
// Starts examples/production with names and ports of its own, breaks it in one way after the other under load, and takes it
// down at the end and on Ctrl-C. Needs an environment that `./m2m up` has brought once. Some six minutes.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadSigningKey, openIssuer } from "../machines";
import { row, table } from "./figures";
import { aimAt, inWords } from "./machine/part";
import { FAULTS_OF_ONE } from "./reliability/faults";
import { type Met, startLoad } from "./reliability/load";
import { type Environment, productionEnvironment } from "./tls/environments";

const BEFORE_MS = 5_000;
/** Long enough for a server to be back. */
const AFTER_MS = 45_000;

async function main(): Promise<void> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  const environment = productionEnvironment();
  try {
    await environment.up();
    const met: Record<string, Met> = {};
    for (const [fault, inject] of Object.entries(FAULTS_OF_ONE)) {
      console.error(fault);
      met[fault] = await under(environment, inject, abort.signal);
    }
    const rows = Object.entries(met).map(([fault, one]) => row([fault, ...cells(one)]));
    const heads = [
      "what breaks",
      "tokens asked",
      "failed",
      "single requests",
      "failed",
      "longest gap, s",
      "calls verified",
      "refused",
    ];
    const death = met["Keycloak killed (`kill -9`)"]!;
    const {
      aim,
      measured,
      met: isMet,
    } = aimAt("one server back after its death: at most 15 s", death.gapMs / 1000, { most: 15 }, " s");
    const aims = table(["aim", "measured", ""], [row([aim, measured, isMet ? "met" : "**not met**"])]);
    console.log([table(heads, rows), aims].join("\n\n"));
  } finally {
    await environment.remove();
  }
}

async function under(
  environment: Environment,
  inject: (environment: Environment) => Promise<void>,
  signal: AbortSignal,
): Promise<Met> {
  const { folder, connectTo } = environment;
  const file = (name: string) => join(folder, "certs", name);
  const issuer = openIssuer({
    issuer: "https://keycloak:8443/realms/sjwt-example",
    connectTo,
    tls: { caFile: file("production-ca.crt") },
  });
  const signingKey = loadSigningKey(file("machine-a-signing.key"));
  const stop = await startLoad(issuer, { clientId: "machine-a", signingKey, audience: "machine-b" });
  try {
    await sleep(BEFORE_MS, undefined, { signal });
    await inject(environment);
    await sleep(AFTER_MS, undefined, { signal });
    return await stop();
  } finally {
    await issuer.close();
  }
}

function cells({ asked, failed, askedOnce, failedOnce, gapMs, verified, refused }: Met): (string | number)[] {
  return [asked, failed, askedOnce, failedOnce, inWords(gapMs / 1000), verified, refused];
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
