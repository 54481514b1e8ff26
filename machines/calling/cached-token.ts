import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, MachineError, UnreachableError } from "../errors";
import type { Log } from "../log";
import type { AccessToken } from "./request-token";

export interface CachedTokenOptions {
  /** Makes one grant. Each call signs a new assertion, since a `jti` is accepted once. `isRetry`: the last one failed. */
  readonly grant: (isRetry: boolean) => Promise<AccessToken>;
  /** Is told of a call that gets the token in hand. */
  readonly onHit?: (() => void) | undefined;
  /** Share of a token's life after which the next one is fetched, at the latest. */
  readonly refreshAfter: number;
  /** Milliseconds that a caller without a token waits while attempts fail. */
  readonly patienceMs: number;
  readonly now: () => number;
  readonly log: Log;
  /** Names the token in log lines. */
  readonly what: string;
}

interface Held {
  readonly token: string;
  /** By the time of day, and by the clock that is never set back. */
  readonly grantedAt: { readonly time: number; readonly tick: number };
  /** Age in milliseconds at which the next attempt to refresh is made. */
  refreshAt: number;
  readonly lifeMs: number;
  /** Whether an attempt to refresh has failed. */
  missed: boolean;
}

/** A token counts as expired this much earlier, so it does not expire on its way to the API. */
const marginMs = 1000;
/** The life of a token if the issuer does not tell it. */
const usualLifeSeconds = 60;
const firstDelayMs = 200;
const longestDelayMs = 30_000;
/** After a refusal, the issuer is not asked again for this long, however many callers there are. */
const refusalMs = 1000;
/** A token this young cannot be the reason for an API's 401. */
const youngMs = 1000;

/** One access token, kept in memory and replaced. It works only during calls: no timer keeps the process alive. */
export class CachedToken {
  private held?: Held;
  private inFlight?: Promise<Held>;
  private waiting?: Promise<string>;
  private failures = 0;
  /** By the clock that is never set back, so the pace of attempts does not depend on the time of day. */
  private retryAt = 0;
  private lastError?: unknown;

  constructor(private readonly options: CachedTokenOptions) {}

  /**
   * Gives the token in hand unless it has expired, and refreshes it in the background when that is due. Else gives a
   * new one.
   */
  get(): Promise<string> {
    const { held } = this;
    if (!held || this.ageOf(held) >= held.lifeMs) {
      this.waiting ??= this.insist().finally(() => {
        this.waiting = undefined;
      });
      return this.waiting;
    }
    if (this.ageOf(held) >= held.refreshAt) this.refreshBehind(held);
    this.options.onHit?.();
    return Promise.resolve(held.token);
  }

  /** Gives another token in place of one that an API refused, or `undefined` if there is none now. */
  async replace(token: string): Promise<string | undefined> {
    const { held } = this;
    if (held && held.token !== token) return held.token;
    if (held && this.ageOf(held) < youngMs) return undefined;
    if (performance.now() < this.retryAt) return undefined;
    return await this.attempt().then(
      ({ token }) => token,
      () => undefined,
    );
  }

  /** Whether it can be dropped: no valid token, no attempt under way, and no delay before the next attempt. */
  get isIdle(): boolean {
    const { held, waiting, inFlight, retryAt } = this;
    return !waiting && !inFlight && performance.now() >= retryAt && (!held || this.ageOf(held) >= held.lifeMs);
  }

  private refreshBehind(held: Held): void {
    if (this.inFlight || performance.now() < this.retryAt) return;
    const { log, what } = this.options;
    this.attempt().catch((error: unknown) => {
      // Try once more, just before the token expires. After an outage each machine then comes about once, spread as
      // before. Attempts at a fixed pace would make all machines come at the same time.
      const leftMs = Math.max(0, held.lifeMs - this.ageOf(held));
      held.refreshAt = held.missed ? held.lifeMs : held.lifeMs - (leftMs / 20) * Math.random();
      held.missed = true;
      const left = Math.round(leftMs / 1000);
      log(`machine: ${what} could not be refreshed; the one in hand is valid for ${left} s: ${textOf(error)}`);
    });
  }

  /**
   * Tries until one attempt succeeds, the issuer refuses, or `patienceMs` ends. Calls share the delays between
   * attempts.
   */
  private async insist(): Promise<string> {
    const deadline = performance.now() + this.options.patienceMs;
    for (;;) {
      const delay = this.retryAt - performance.now();
      if (delay > 0 && (!isPassing(this.lastError) || performance.now() + delay > deadline)) throw this.lastError;
      if (delay > 0) await sleep(delay);
      try {
        return (await this.attempt()).token;
      } catch (error) {
        if (!isPassing(error)) throw error;
      }
    }
  }

  /** Callers share one grant at a time. */
  private attempt(): Promise<Held> {
    this.inFlight ??= this.grant().finally(() => {
      this.inFlight = undefined;
    });
    return this.inFlight;
  }

  private async grant(): Promise<Held> {
    const { grant, now, refreshAfter } = this.options;
    const grantedAt = { time: now(), tick: performance.now() }; // before the request, so the token is at most this old
    try {
      const { accessToken, expiresInSeconds = usualLifeSeconds } = await grant(this.lastError !== undefined);
      const lifeMs = Math.max(0, expiresInSeconds * 1000 - marginMs);
      // Up to a tenth of the life earlier, so machines that start together do not refresh together.
      const share = refreshAfter - Math.min(0.1, refreshAfter / 2) * Math.random();
      this.held = { token: accessToken, grantedAt, refreshAt: lifeMs * share, lifeMs, missed: false };
      this.failures = 0;
      this.lastError = undefined;
      this.retryAt = 0;
      return this.held;
    } catch (error) {
      this.lastError = error;
      this.retryAt = performance.now() + (isPassing(error) ? this.nextDelay(error) : refusalMs);
      throw error;
    }
  }

  /** Uses both clocks: the time of day may be set back, and the other one stops while a machine sleeps. */
  private ageOf({ grantedAt }: Held): number {
    return Math.max(this.options.now() - grantedAt.time, performance.now() - grantedAt.tick);
  }

  /**
   * Doubles with each failure, and half of it is random. Keeps to the issuer's `Retry-After`, up to the longest delay.
   */
  private nextDelay(error: unknown): number {
    const doubled = Math.min(longestDelayMs, firstDelayMs * 2 ** this.failures++);
    const asked = error instanceof UnreachableError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(doubled * (1 - Math.random() / 2), Math.min(asked, longestDelayMs) * (1 + Math.random() / 2));
  }
}

/**
 * A signer's service can have outages, as the issuer can. A mistake in a signer is tried again too, which does no harm.
 */
const passing: readonly ErrorCode[] = ["ERR_UNREACHABLE", "ERR_ISSUER_RESPONSE", "ERR_SIGNER"];

/** Whether the same request may succeed later. A refusal lasts until somebody changes something. */
function isPassing(error: unknown): boolean {
  return error instanceof MachineError && passing.includes(error.code);
}

function textOf(error: unknown): string {
  return error instanceof MachineError ? `${error.message} [${error.code}]` : String((error as Error)?.name);
}
