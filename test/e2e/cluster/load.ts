import { createTokenClient, type Issuer, type KeySource, requestToken } from "../../../machines";

/** What machines met. */
export interface Met {
  readonly calls: number;
  readonly failed: readonly string[];
  /** The longest time without a granted token, in milliseconds. */
  readonly longestGapMs: number;
  readonly slowestMs: number;
  /** When the last call that failed had begun, as `performance.now()`; 0 if none failed. */
  readonly lastFailure: number;
}

/** Machines at work. */
export interface Asking {
  lastFailure(): number;
  /** Waits for the calls under way. */
  stop(): Promise<Met>;
}

interface Options {
  readonly clientId: string;
  readonly signingKey: KeySource;
  readonly perSecond: number;
  /** Whether a call tries again as the library's token client does, or makes one request. */
  readonly patient: boolean;
}

/** Machines that ask for a token each, evenly in time, until they are stopped. */
export function startLoad(issuer: Issuer, { clientId, signingKey, perSecond, patient }: Options): Asking {
  const failed: string[] = [];
  const granted: number[] = [performance.now()];
  const calls: Promise<void>[] = [];
  let slowestMs = 0;
  let lastFailure = 0;
  const call = async () => {
    const start = performance.now();
    try {
      if (patient) await createTokenClient(issuer, { clientId, signingKey, log: () => {} }).getToken();
      else await requestToken(issuer, { clientId, signingKey });
      granted.push(performance.now());
    } catch (error) {
      lastFailure = Math.max(lastFailure, start);
      failed.push(`${(performance.now() / 1000).toFixed(1)} ${describe(error as Error)}`);
    }
    slowestMs = Math.max(slowestMs, performance.now() - start);
  };
  const timer = setInterval(() => calls.push(call()), 1000 / perSecond);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(calls);
    const gaps = granted.slice(1).map((time, index) => time - granted[index]!);
    return {
      calls: calls.length,
      failed,
      longestGapMs: Math.round(Math.max(...gaps)),
      slowestMs: Math.round(slowestMs),
      lastFailure,
    };
  };
  return { lastFailure: () => lastFailure, stop };
}

function describe({ message, cause }: Error): string {
  return [message, (cause as Error | undefined)?.message].filter(Boolean).join(" <- ");
}
