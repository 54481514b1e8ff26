import { setImmediate as turn } from "node:timers/promises";
import { createTokenClient, type Issuer } from "../../machines";
import { row, table } from "../figures";
import { grantOpaque, type LocalIssuer, localIssuer } from "./local-issuer";
import { type Aim, aimAt, type Part } from "./part";
import { plainClient } from "./plain";

const HOURS = 4;
const LIFE_SECONDS = 300;
const CALLS = HOURS * 3600;
const SETTINGS = [0.75, 0.5];
const MOST_WAIT_MS = 10_000;

/** Grants for one call a second over hours, which pass by a clock that the measurement sets. */
export const count: Part = async ({ signal }) => {
  const issuer = await localIssuer();
  grantOpaque(issuer, LIFE_SECONDS);
  try {
    const { server, clientId, key } = issuer;
    const plain = await plainClient(server.url, server.connectTo, clientId, key);
    for (let call = 0; call < CALLS; call++) {
      signal.throwIfAborted();
      await plain.grant();
    }
    await plain.close();
    const uncached = issuer.grants();
    const rows = [row(["oauth4webapi for each call", CALLS, uncached, ""])];
    const aims: Aim[] = [];
    for (const refreshAfter of SETTINGS) {
      const before = issuer.grants();
      await callEachSecond(issuer, refreshAfter, clientId, key, signal);
      const grants = issuer.grants() - before;
      const factor = uncached / grants;
      rows.push(
        row([`\`createTokenClient\`, \`refreshAfter: ${refreshAfter}\``, CALLS, grants, `${factor.toFixed(0)} ×`]),
      );
      if (refreshAfter === 0.75) aims.push(aimAt("200 × fewer grants at a call a second", factor, { least: 200 }));
    }
    return {
      title: `Grants for a call a second, ${HOURS} hours, tokens of ${LIFE_SECONDS} s`,
      text: [table(["way", "calls", "grants at the issuer", "fewer"], rows)],
      aims,
    };
  } finally {
    await issuer.stop();
  }
};

type Key = Parameters<typeof createTokenClient>[1]["signingKey"];

async function callEachSecond(
  local: LocalIssuer,
  refreshAfter: number,
  clientId: string,
  signingKey: Key,
  signal: AbortSignal,
): Promise<void> {
  let nowMs = Date.now();
  let begun = 0;
  const opened = local.open(() => new Date(nowMs));
  // Each grant begins with a look at the issuer's metadata.
  const issuer: Issuer = {
    ...opened,
    metadata: () => {
      begun++;
      return opened.metadata();
    },
  };
  const client = createTokenClient(issuer, { clientId, signingKey, refreshAfter, log: () => {} });
  let seen = 0;
  for (let call = 0; call < CALLS; call++, nowMs += 1000) {
    signal.throwIfAborted();
    const token = await client.getToken();
    if (begun === seen) continue;
    seen = begun;
    // The first grant has been waited for; of a later one the clock waits for the end.
    const deadline = performance.now() + MOST_WAIT_MS;
    while (call > 0 && (await client.getToken()) === token) {
      if (performance.now() > deadline) throw new Error(`no other token within ${MOST_WAIT_MS} ms`);
      await turn();
    }
  }
  await opened.close();
}
