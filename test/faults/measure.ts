import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadSigningKey, openIssuer } from "../../machines";
import type { Fault } from "./faults";
import { type Lasting, readLasting } from "./lasting";
import { type Load, type Met, startLoad } from "./load";
import { type Target, untilHealthy } from "./target";

/** What machines met, and what is there before and after. */
export interface Measured {
  readonly met: Met;
  /** From the fault to the last request without patience that fails. */
  readonly recoveryMs: number;
  readonly before: Lasting;
  readonly after: Lasting;
}

const BEFORE_MS = 5_000;
/** So long no request may fail before a fault counts as over. */
const CALM_MS = 15_000;
const LINGERING_MS = 90_000;
const LONGEST_MS = 300_000;

/** Breaks an environment while machines call, and goes on until none of them notices any more. */
export async function measure(target: Target, { happens, lingers }: Fault): Promise<Measured> {
  await untilHealthy(target);
  const { keycloakPort } = target.names;
  const issuer = openIssuer({
    issuer: "https://keycloak:8443/realms/sjwt-example",
    connectTo: `keycloak:8443=127.0.0.1:${keycloakPort}`,
    tls: { caFile: target.caFile },
    log: () => {},
  });
  const signingKey = loadSigningKey(join(target.folder, "certs", "machine-a-signing.key"));
  let load: Load | undefined;
  try {
    const before = await readLasting(target.database);
    load = await startLoad(issuer, { clientId: "machine-a", signingKey, audience: "machine-b" });
    await sleep(BEFORE_MS);
    const begun = performance.now();
    await happens(target);
    await load.untilCalm(lingers ? LINGERING_MS : CALM_MS, LONGEST_MS);
    await untilHealthy(target);
    const met = await load.stop();
    const after = await readLasting(target.database);
    return { met, recoveryMs: Math.max(0, met.single.lastFailure - begun), before, after };
  } finally {
    await load?.stop();
    await issuer.close();
  }
}
