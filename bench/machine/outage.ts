import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { createTokenClient } from "../../machines";
import { row, table } from "../figures";
import { type LocalIssuer, localIssuer } from "./local-issuer";
import { type Aim, aimAt, inWords, type Part } from "./part";
import { plainClient } from "./plain";

const MACHINES = 600;
const LIFE_S = 20;
const CALL_EVERY_MS = 500;
/** One life to part the machines, one to count the steady rate; then the outage, and one and a half to see its end. */
const STEADY_FROM_S = LIFE_S;
const OUTAGE_FROM_S = 2 * LIFE_S;
const OUTAGE_S = LIFE_S / 2;
const END_S = OUTAGE_FROM_S + OUTAGE_S + 1.5 * LIFE_S;

type GetToken = () => Promise<unknown>;

interface Fleet {
  readonly name: string;
  readonly issuer: LocalIssuer;
  readonly machine: () => GetToken;
  /** Seconds from the beginning at which a token was granted. */
  readonly grants: number[];
  calls: number;
  failed: number;
  /** Calls that were answered, but only after more than a second. */
  waited: number;
}

/** Many machines whose issuer goes away for half of their tokens' life: calls that fail, and the rush afterwards. */
export const outage: Part = async ({ signal }) => {
  setMaxListeners(0, signal); // each machine listens
  const begun = performance.now();
  const second = () => (performance.now() - begun) / 1000;
  const fleets = [
    await libraryFleet(0.75, second),
    await libraryFleet(0.5, second),
    await plainFleet("oauth4webapi, kept until it expires", second),
  ];
  try {
    await Promise.all([
      ...fleets.flatMap((fleet) => Array.from({ length: MACHINES }, (_, index) => live(fleet, index, second, signal))),
      ...fleets.map((fleet) => away(fleet.issuer, second, signal)),
    ]);
  } finally {
    await Promise.all(fleets.map(({ issuer }) => issuer.stop().catch(() => {})));
  }
  const measured = fleets.map((fleet) => ({ fleet, ...ratesOf(fleet) }));
  const rows = measured.map(({ fleet, steady, calmPeak, peak }) =>
    row([
      fleet.name,
      fleet.calls,
      fleet.failed,
      fleet.waited,
      inWords(steady),
      `${inWords(calmPeak / steady)} ×`,
      `${inWords(peak / steady)} ×`,
    ]),
  );
  const [, half] = measured;
  const none: Aim = {
    aim: "no failed call in an outage of half a life (`refreshAfter: 0.5`)",
    measured: `${half!.fleet.failed} of ${half!.fleet.calls}`,
    met: half!.fleet.failed === 0,
  };
  const heads = ["way", "calls", "failed", "waited 1 s or more", "steady grants/s", "busiest second before", "after"];
  return {
    title: `An outage of half a token's life: ${MACHINES} machines, tokens of ${LIFE_S} s, a call every ${CALL_EVERY_MS / 1000} s`,
    text: [table(heads, rows)],
    aims: [none, aimAt("busiest second after it 2 × the steady rate", half!.peak / half!.steady, { most: 2 })],
  };
};

/** An issuer that grants text without meaning, and writes down when. */
async function fleetOf(name: string, second: () => number) {
  const issuer = await localIssuer();
  const grants: number[] = [];
  issuer.server.answers.set("/token", () => {
    grants.push(second());
    return { body: { access_token: `token-${grants.length}`, token_type: "Bearer", expires_in: LIFE_S } };
  });
  return { name, issuer, grants, calls: 0, failed: 0, waited: 0 };
}

async function libraryFleet(refreshAfter: number, second: () => number): Promise<Fleet> {
  const fleet = await fleetOf(`\`createTokenClient\`, \`refreshAfter: ${refreshAfter}\``, second);
  const { clientId, key: signingKey } = fleet.issuer;
  const opened = fleet.issuer.open();
  const options = { clientId, signingKey, refreshAfter, log: () => {} };
  return { ...fleet, machine: () => createTokenClient(opened, options).getToken };
}

/** What is written first: a token is kept, and asked for again when it has expired. */
async function plainFleet(name: string, second: () => number): Promise<Fleet> {
  const fleet = await fleetOf(name, second);
  const { server, clientId, key } = fleet.issuer;
  const client = await plainClient(server.url, server.connectTo, clientId, key);
  const machine = () => {
    let held = { accessToken: "", expiresAt: 0 };
    return async () => {
      if (performance.now() < held.expiresAt) return held.accessToken;
      const { accessToken, expiresInSeconds } = await client.grant();
      held = { accessToken, expiresAt: performance.now() + expiresInSeconds * 1000 };
      return accessToken;
    };
  };
  return { ...fleet, machine };
}

/** One machine, from its own beginning to the end of the run. */
async function live(fleet: Fleet, index: number, second: () => number, signal: AbortSignal): Promise<void> {
  const getToken = fleet.machine();
  await sleep((index / MACHINES) * LIFE_S * 1000, undefined, { signal });
  while (second() < END_S) {
    const before = performance.now();
    const failed = await getToken().then(
      () => false,
      () => true,
    );
    fleet.calls++;
    if (failed) fleet.failed++;
    else if (performance.now() - before > 1000) fleet.waited++;
    await sleep(CALL_EVERY_MS, undefined, { signal });
  }
}

async function away({ server }: LocalIssuer, second: () => number, signal: AbortSignal): Promise<void> {
  const { port } = server;
  await sleep((OUTAGE_FROM_S - second()) * 1000, undefined, { signal });
  await server.stop();
  await sleep(OUTAGE_S * 1000, undefined, { signal });
  await server.start(port);
}

/** Grants a second: on average before the outage, in the busiest second then, and in the busiest one after it. */
function ratesOf({ grants }: Fleet) {
  const inSecond = (from: number) => grants.filter((at) => at >= from && at < from + 1).length;
  const busiest = (from: number, to: number) => {
    let most = 0;
    for (let at = from; at < to; at += 0.25) most = Math.max(most, inSecond(at));
    return most;
  };
  const steady =
    grants.filter((at) => at >= STEADY_FROM_S && at < OUTAGE_FROM_S).length / (OUTAGE_FROM_S - STEADY_FROM_S);
  return {
    steady,
    calmPeak: busiest(STEADY_FROM_S, OUTAGE_FROM_S - 1),
    peak: busiest(OUTAGE_FROM_S + OUTAGE_S, END_S),
  };
}
