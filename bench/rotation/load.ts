import { setTimeout as sleep } from "node:timers/promises";
import { createVerifier, type Issuer, requestToken, watchSigningKey } from "../../machines";

/** What a load counted. */
export interface Counts {
  grants: number;
  verifications: number;
  /** Messages of failed ones, and how often. */
  readonly failures: Map<string, number>;
}

export interface LoadOptions {
  readonly issuer: Issuer;
  readonly keyFile: string;
  /** How long a granted token is verified again and again, below its life. */
  readonly tokenAgeMs: number;
}

const GRANTS_PER_SECOND = 50;
const VERIFICATIONS_PER_SECOND = 500;
const TICK_MS = 20;

/**
 * Grants and verifications at a steady rate until it is stopped. Each grant signs with what the key file holds then, and
 * no token is remembered by either side: each call counts.
 */
export function startLoad({ issuer, keyFile, tokenAgeMs }: LoadOptions) {
  const counts: Counts = { grants: 0, verifications: 0, failures: new Map() };
  const signingKey = watchSigningKey(keyFile, { log: () => {} });
  const verify = createVerifier(issuer, { audience: "machine-b", cacheSize: 0 });
  const tokens: { text: string; at: number }[] = [];
  let running = true;

  const failed = (what: string) => (error: Error) => {
    const reason = `${what}: ${error.message.replaceAll(/[\w-]{20,}/g, "…")}`;
    counts.failures.set(reason, (counts.failures.get(reason) ?? 0) + 1);
  };
  const grant = async () => {
    counts.grants++;
    const { accessToken } = await requestToken(issuer, { clientId: "machine-a", signingKey });
    tokens.push({ text: accessToken, at: performance.now() });
  };
  const verifyOne = async () => {
    const token = tokens[Math.floor(Math.random() * tokens.length)];
    if (!token) return;
    counts.verifications++;
    await verify(token.text);
  };

  const work = async () => {
    const begun = performance.now();
    const pending = new Set<Promise<void>>();
    const start = (what: string, act: () => Promise<void>) => {
      const call = act()
        .catch(failed(what))
        .finally(() => pending.delete(call));
      pending.add(call);
    };
    const started = { grants: 0, verifications: 0 };
    while (running) {
      const seconds = (performance.now() - begun) / 1000;
      while (tokens[0] && performance.now() - tokens[0].at > tokenAgeMs) tokens.shift();
      for (; started.grants < seconds * GRANTS_PER_SECOND; started.grants++) start("grant", grant);
      for (; started.verifications < seconds * VERIFICATIONS_PER_SECOND; started.verifications++) {
        start("verification", verifyOne);
      }
      await sleep(TICK_MS);
    }
    await Promise.all(pending);
  };
  const ended = work();
  return {
    counts,
    stop: async () => {
      running = false;
      await ended;
    },
  };
}
