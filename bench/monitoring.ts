// How long Prometheus takes to look at a Keycloak with many machines, and how many figures there are then.
//
//   npx tsx bench/monitoring.ts
//
// Starts examples/monitored with names and ports of its own, and takes it down at the end and on Ctrl-C. Needs an environment
// that `./m2m up` has brought once.
import { setTimeout } from "node:timers/promises";
import { adminApi } from "./admin-api";
import { median, row, table } from "./figures";
import { aimAt, inWords } from "./machine/part";
import { ADMIN_PASSWORD, type Environment, monitoredEnvironment } from "./tls/environments";

/** Ten times as many machines each time. */
const STEPS = [10, 100, 1000];
/** Prometheus looks every ten seconds. */
const LOOKS = 5;
const BETWEEN_MS = 10_000;
const AT_ONCE = 8;
const REALM = "sjwt-example";
const MACHINE = {
  ...{ clientAuthenticatorType: "client-secret", secret: "secret", publicClient: false },
  ...{ serviceAccountsEnabled: true, standardFlowEnabled: false },
};

async function main(): Promise<void> {
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)));
  }
  const environment = monitoredEnvironment();
  try {
    await environment.up();
    const seconds: number[] = [];
    const rows: string[] = [];
    let made = 0;
    for (const machines of STEPS) {
      await signIns(environment, made, machines, abort.signal);
      made = machines;
      const found = await looks(environment, abort.signal);
      seconds.push(found.seconds);
      rows.push(
        row([machines, inWords(found.seconds), Math.round(found.figures), Math.round(found.figures / machines)]),
      );
    }
    const heads = ["machines that signed in", "one look, s", "figures of Keycloak"];
    const { aim, measured, met } = aimAt("a look at 1,000 machines: at most 1 s", seconds.at(-1)!, { most: 1 }, " s");
    const aims = table(["aim", "measured", ""], [row([aim, measured, met ? "met" : "**not met**"])]);
    console.log([table(heads, rows), aims].join("\n\n"));
  } finally {
    await environment.remove();
  }
}

/** Adds machines to the realm, and lets each sign in once, rightly, and be refused once. A secret is enough to be counted. */
async function signIns({ names }: Environment, from: number, to: number, signal: AbortSignal): Promise<void> {
  const url = `http://127.0.0.1:${names.keycloakPort}`;
  const admin = adminApi(url, ADMIN_PASSWORD);
  const clientIds = Array.from({ length: to - from }, (_, index) => `bench-${from + index}`);
  const open = [...clientIds];
  const work = async () => {
    for (let clientId = open.pop(); clientId !== undefined && !signal.aborted; clientId = open.pop()) {
      await admin("POST", `/realms/${REALM}/clients`, { ...MACHINE, clientId });
      for (const secret of ["secret", "wrong"]) {
        const form = new URLSearchParams({
          grant_type: "client_credentials",
          client_id: clientId,
          client_secret: secret,
        });
        const endpoint = `${url}/realms/${REALM}/protocol/openid-connect/token`;
        const answer = await fetch(endpoint, { method: "POST", body: form, signal });
        await answer.body?.cancel();
        if (answer.ok !== (secret === "secret")) throw new Error(`${clientId} was answered ${answer.status}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** What Prometheus itself says of its next looks. */
async function looks({ names }: Environment, signal: AbortSignal): Promise<{ seconds: number; figures: number }> {
  const query = async (metric: string): Promise<number> => {
    const expr = new URLSearchParams({ query: `${metric}{job="keycloak"}` });
    const answer = await fetch(`http://127.0.0.1:${names.keycloakPort + 5}/api/v1/query?${expr}`, { signal });
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1]);
  };
  const seconds: number[] = [];
  let figures = 0;
  for (let look = 0; look < LOOKS; look++) {
    await setTimeout(BETWEEN_MS, undefined, { signal });
    seconds.push(await query("scrape_duration_seconds"));
    figures = await query("scrape_samples_scraped");
  }
  return { seconds: median(seconds), figures };
}

main().catch((error) => {
  console.error((error as Error).message);
  process.exitCode = 1;
});
