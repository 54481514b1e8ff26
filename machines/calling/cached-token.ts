import { setTimeout as sleep } from "node:timers/promises";
import { type ErrorCode, MachineError, UnreachableError } from "../errors";
import type { Log } from "../log";
import type { AccessToken } from "./request-token";

export interface CachedTokenOptions {
  /** One grant. Each call signs a fresh assertion, since a `jti` is accepted once. */
  readonly grant: () => Promise<AccessToken>;
  /** Share of a token's life after which, at the latest, the next one is fetched. */
  readonly refreshAfter: number;
  /** Milliseconds a caller without a token waits through failed attempts. */
  readonly patienceMs: number;
  readonly now: () => number;
  readonly log: Log;
  /** Says in a log line what the token is for. */
  readonly what: string;
}

interface Held {
  readonly token: string;
  /** By the time of day, and by the clock that only runs forward. */
  readonly grantedAt: { readonly time: number; readonly tick: number };
  /** The age for the next one, which moves when an attempt to refresh has failed. */
  refreshAt: number;
  readonly lifeMs: number;
  /** Whether an attempt to refresh has failed. */
  missed: boolean;
}

/** A token counts as expired this much early, so that it does not end on its way to the API. */
const marginMs = 1000;
/** An issuer that does not say how long a token lasts gets this. */
const usualLifeSeconds = 60;
const firstDelayMs = 200;
const longestDelayMs = 30_000;
/** A refusal by the issuer is not asked about again within it, whatever the number of callers. */
const refusalMs = 1000;
/** A token this young is not the reason for an API's 401. */
const youngMs = 1000;

/** One access token, kept and replaced. Nothing happens between calls: no timer holds the process. */
export class CachedToken {
  private held?: Held;
  private inFlight?: Promise<Held>;
  private waiting?: Promise<string>;
  private failures = 0;
  /** By the clock that only runs forward: the pace does not depend on the time of day. */
  private retryAt = 0;
  private lastError?: unknown;

  constructor(private readonly options: CachedTokenOptions) {}

  /** The token in hand if it has not expired, refreshed behind the caller's back when it is due; else a new one. */
  get(): Promise<string> {
    const { held } = this;
    if (!held || this.ageOf(held) >= held.lifeMs) {
      this.waiting ??= this.insist().finally(() => {
        this.waiting = undefined;
      });
      return this.waiting;
    }
    if (this.ageOf(held) >= held.refreshAt) this.refreshBehind(held);
    return Promise.resolve(held.token);
  }

  /** A token other than this one, which an API did not take; `undefined` if none can be had now. */
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

  /** Whether nothing is lost without it: no token, no attempt under way, and no pace of attempts to keep. */
  get isIdle(): boolean {
    const { held, waiting, inFlight, retryAt } = this;
    return !waiting && !inFlight && performance.now() >= retryAt && (!held || this.ageOf(held) >= held.lifeMs);
  }

  private refreshBehind(held: Held): void {
    if (this.inFlight || performance.now() < this.retryAt) return;
    const { log, what } = this.options;
    this.attempt().catch((error: unknown) => {
      // Once more just before its end: so the end of an outage meets each machine about once, spread as they were before
      // it, where a pace of attempts would have them all come at once.
      const leftMs = Math.max(0, held.lifeMs - this.ageOf(held));
      held.refreshAt = held.missed ? held.lifeMs : held.lifeMs - (leftMs / 20) * Math.random();
      held.missed = true;
      const left = Math.round(leftMs / 1000);
      log(`machine: ${what} could not be refreshed, the one in hand serves for ${left} s: ${textOf(error)}`);
    });
  }

  /** Attempts until one succeeds, the issuer refuses, or patience ends. The pace is kept from call to call. */
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

  /** One grant at a time, whoever asks. */
  private attempt(): Promise<Held> {
    this.inFlight ??= this.grant().finally(() => {
      this.inFlight = undefined;
    });
    return this.inFlight;
  }

  private async grant(): Promise<Held> {
    const { grant, now, refreshAfter } = this.options;
    const grantedAt = { time: now(), tick: performance.now() }; // before the request: the token is no older than that
    try {
      const { accessToken, expiresInSeconds = usualLifeSeconds } = await grant();
      const lifeMs = Math.max(0, expiresInSeconds * 1000 - marginMs);
      // Up to a tenth of the life earlier, so that machines started together part.
      const share = refreshAfter - Math.min(0.1, refreshAfter / 2) * Math.random();
      this.held = { token: accessToken, grantedAt, refreshAt: lifeMs * share, lifeMs, missed: false };
      this.failures = 0;
      this.retryAt = 0;
      return this.held;
    } catch (error) {
      this.lastError = error;
      this.retryAt = performance.now() + (isPassing(error) ? this.nextDelay(error) : refusalMs);
      throw error;
    }
  }

  /** The time of day may be set back, and the clock that only runs forward stand still while a machine sleeps. */
  private ageOf({ grantedAt }: Held): number {
    return Math.max(this.options.now() - grantedAt.time, performance.now() - grantedAt.tick);
  }

  /** Doubles with each failure, half of it by chance; not before the issuer asked for, as far as that is reasonable. */
  private nextDelay(error: unknown): number {
    const doubled = Math.min(longestDelayMs, firstDelayMs * 2 ** this.failures++);
    const asked = error instanceof UnreachableError ? (error.retryAfterSeconds ?? 0) * 1000 : 0;
    return Math.max(doubled * (1 - Math.random() / 2), Math.min(asked, longestDelayMs) * (1 + Math.random() / 2));
  }
}

/** A signer's failures are among them: its service has outages, as the issuer has. A mistake in it is only tried again. */
const passing: readonly ErrorCode[] = ["ERR_UNREACHABLE", "ERR_ISSUER_RESPONSE", "ERR_SIGNER"];

/** Whether the same request may succeed later: a refusal stays one until somebody changes something. */
function isPassing(error: unknown): boolean {
  return error instanceof MachineError && passing.includes(error.code);
}

function textOf(error: unknown): string {
  return error instanceof MachineError ? `${error.message} [${error.code}]` : String((error as Error)?.name);
}
