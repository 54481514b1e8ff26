// Rotations under load, on a real Keycloak: the keys of a client, of the realm and of Terraform itself; beside it a key that is
// simply exchanged for another.
//
//   npx tsx bench/rotation.ts [--rotations N]
//
// Starts a Keycloak of its own, with names and ports of its own, and takes it down at the end. Needs an environment that
// `./m2m up` has brought once. N, 20 by default, are the rotations of a client's key and of a realm's; Terraform's own key
// rotates with every fourth.
import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { row, table } from "./figures";
import { type Environment, type RealmKey, startEnvironment, TOKEN_LIFE_S } from "./rotation/environment";
import { type Counts, startLoad } from "./rotation/load";

const KEY = "certs/machine-a-signing.key";
const SWAPS = 5;
const DEPLOYER_EVERY = 4;
/** What is on its way when a key goes: this load sends an assertion in the moment it is signed. */
const GRACE_MS = 3000;

interface Phase {
  readonly name: string;
  readonly exchanged: string;
  readonly seconds: number;
  readonly counts: Counts;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { rotations: { type: "string", default: "20" } } });
  const rotations = Number(values.rotations);
  say("starting Keycloak");
  const environment = await startEnvironment();
  try {
    const rotated = await underLoad(environment, "rotated", () => rotate(environment, rotations));
    const swapped = await underLoad(environment, "exchanged", () => swap(environment));
    console.log(report([rotated, swapped]));
  } finally {
    await environment.issuer.close();
    await environment.stop();
  }
}

async function underLoad(environment: Environment, name: string, act: () => Promise<string>): Promise<Phase> {
  const { issuer, at } = environment;
  const load = startLoad({ issuer, keyFile: at(KEY), tokenAgeMs: (TOKEN_LIFE_S - 10) * 1000 });
  const begun = performance.now();
  try {
    await sleep(GRACE_MS);
    const exchanged = await act();
    await sleep(GRACE_MS);
    return { name, exchanged, seconds: (performance.now() - begun) / 1000, counts: load.counts };
  } finally {
    await load.stop();
  }
}

/** Each round prepares, activates and drops: three deploys. */
async function rotate({ run, setRealmKeys, setDeployerAlgorithm }: Environment, rounds: number): Promise<string> {
  let deployer = 0;
  const realmKeys: (RealmKey & { retiringAt?: number })[] = [{ name: "r0", state: "active" }];
  const declare = () => setRealmKeys(realmKeys.map(({ name, state }) => ({ name, state })));
  for (let round = 1; round <= rounds; round++) {
    const withDeployer = round % DEPLOYER_EVERY === 0;
    const both = withDeployer ? ["machine-a", "terraform"] : ["machine-a"];
    await run("keys", "prepare", "machine-a");
    // To another algorithm each time: the official provider names no key, and Keycloak goes by the algorithm then.
    const algorithm = deployer % 2 === 0 ? "ES256" : "RS256";
    if (withDeployer) {
      await run("keys", "prepare", "terraform", "--algorithm", algorithm);
      deployer++;
    }
    realmKeys.push({ name: `r${round}`, state: "prepared" });
    declare();
    await run("up", "--json");

    if (withDeployer) setDeployerAlgorithm(algorithm);
    await run("keys", "activate", ...both);
    realmKeys.forEach((key, index) => {
      if (key.state === "active") realmKeys[index] = { ...key, state: "retiring", retiringAt: performance.now() };
      if (key.state === "prepared") realmKeys[index] = { ...key, state: "active" };
    });
    declare();
    await run("up", "--json");

    await sleep(GRACE_MS);
    await run("keys", "retire", "--force", ...both);
    const ended = (key: (typeof realmKeys)[0]) => performance.now() - (key.retiringAt ?? Number.POSITIVE_INFINITY);
    for (const key of realmKeys.filter((one) => ended(one) > (TOKEN_LIFE_S + 10) * 1000)) {
      realmKeys.splice(realmKeys.indexOf(key), 1);
    }
    declare();
    await run("up", "--json");
    say(`rotation ${round} of ${rounds}`);
  }
  return `${rounds} keys of a client, ${rounds} of the realm, ${deployer} of Terraform`;
}

/** A new pair in the place of the old one, and a deploy: what a single certificate allows. */
async function swap({ run, at }: Environment): Promise<string> {
  for (let round = 1; round <= SWAPS; round++) {
    for (const half of ["key", "crt", "keys.json"]) rmSync(at(KEY.replace(/key$/, half)), { force: true });
    await run("up", "--json", "--new-keys");
    await sleep(GRACE_MS);
    say(`exchange ${round} of ${SWAPS}`);
  }
  return `${SWAPS} keys of a client`;
}

function report(phases: readonly Phase[]): string {
  const heads = ["keys are", "exchanged", "time", "grants", "failed", "verifications", "failed"];
  const rows = phases.map(({ name, exchanged, seconds, counts }) =>
    row([
      name,
      exchanged,
      `${Math.round(seconds)} s`,
      counts.grants,
      failures(counts, "grant"),
      counts.verifications,
      failures(counts, "verification"),
    ]),
  );
  const reasons = phases.flatMap(({ name, counts }) =>
    [...counts.failures].map(([reason, times]) => `${name}: ${times} × ${reason}`),
  );
  return [table(heads, rows), ...reasons].join("\n\n");
}

function failures(counts: Counts, what: string): number {
  return [...counts.failures].reduce((sum, [reason, times]) => sum + (reason.startsWith(what) ? times : 0), 0);
}

function say(text: string): void {
  console.error(text);
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
