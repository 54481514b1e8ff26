import { setTimeout as sleep } from "node:timers/promises";
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JWSHeaderParameters } from "jose";
import { explainIssuerError, type Issuer } from "../calling/open-issuer";
import { IssuerError, MachineError } from "../errors";
import { type ObservedOperation, observe } from "../observer";
import { describeFaults, readVerificationKeys, type VerificationKeys } from "./verification-keys";

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>;
  readonly faults: VerificationKeys["faults"];
  /** Grows with each change of the keys. Verdicts by earlier keys no longer count. */
  readonly generation: number;
  readonly text: string;
  fetchedAt: number;
  /** The attempt that fetched them. */
  attempt: number;
}

/** From this age on, a call fetches the keys again in the background. */
const refreshMs = 5 * 60 * 1000;
/**
 * From this age on, such as after an hour without calls, a call waits for the new keys, unless the issuer is known to
 * be away.
 */
const oldMs = 2 * refreshMs;
/** Time until the next attempt after a failed one: while keys in hand can be used, and without such keys. */
const retryMs = 10_000;
const firstRetryMs = 1000;
/** Tokens of unknown keys cause at most one fetch in this time. */
const burstMs = 1000;
/** How long an unknown key id is remembered as unknown, and how many of them. */
const unknownMs = 10_000;
const mostUnknown = 1000;

/** The public keys of an issuer. They outlast its outages for a limited time. */
export class IssuerKeys {
  private held?: KeySet;
  private loading?: Promise<KeySet>;
  private loadingAgain?: Promise<KeySet>;
  private attempts = 0;
  private attemptedAt = Number.NEGATIVE_INFINITY;
  private retryAt = Number.NEGATIVE_INFINITY;
  private lastError?: unknown;
  private readonly unknown = new Map<string, number>();
  private readonly request: ObservedOperation;

  constructor(
    private readonly issuer: Issuer,
    private readonly maxStaleMs: number,
  ) {
    this.request = { name: "keys_request", issuer: issuer.issuer };
  }

  /**
   * Finds the key of a signature.
   *
   * @throws JWKSNoMatchingKey or JWKSMultipleMatchingKeys of jose; MachineError if the keys cannot be had, or if the one
   *   that is meant cannot be used
   */
  async find(header: JWSHeaderParameters, jws: FlattenedJWSInput) {
    try {
      return await this.look(header, jws);
    } catch (error) {
      const fault = header.kid === undefined ? undefined : this.held?.faults.get(header.kid);
      if (!(error instanceof errors.JWKSNoMatchingKey) || fault === undefined) throw error;
      // Not the caller's fault: the issuer signs with a key that it does not publish well.
      throw new IssuerError(
        "ERR_ISSUER_RESPONSE",
        `${this.issuer.issuer} publishes the key ${header.kid}, which cannot be used: ${fault}`,
        error,
      );
    }
  }

  private async look(header: JWSHeaderParameters, jws: FlattenedJWSInput) {
    const { attempts } = this;
    const keys = await this.current();
    try {
      return await keys.find(header, jws);
    } catch (error) {
      const { kid = "" } = header;
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.isKnownUnknown(kid)) throw error;
      // Keys that were fetched before this call may be older than the key.
      const newer = keys.attempt > attempts ? keys : await this.loadAgain();
      return await newer.find(header, jws).catch((again: unknown) => {
        this.remember(kid);
        throw again;
      });
    }
  }

  /**
   * The generation of the keys in hand, or `undefined` if they are missing or too old. Starts a refresh if one is due.
   */
  generation(): number | undefined {
    const { held } = this;
    const age = held ? this.ageOf(held) : Number.POSITIVE_INFINITY;
    if (age <= refreshMs) return held?.generation;
    // Here `current` would wait, or fail.
    if (age > this.maxStaleMs || (age > oldMs && !this.isAway)) return undefined;
    if (this.isDue) this.load().catch(() => {});
    return held?.generation;
  }

  private async current(): Promise<KeySet> {
    const { held } = this;
    const due = this.isDue;
    if (held && this.ageOf(held) <= refreshMs) return held;
    if (!held || this.ageOf(held) > this.maxStaleMs) {
      if (!due && !this.loading) throw this.lastError;
      return this.load();
    }
    if (due) {
      const away = this.isAway;
      const next = this.load().catch(() => held);
      if (this.ageOf(held) > oldMs && !away) return next;
    }
    return held;
  }

  /** Fetches at once, or a second after the last attempt. All that wait share one fetch. */
  private loadAgain(): Promise<KeySet> {
    if (this.lastError !== undefined && !this.isDue) return Promise.reject(this.lastError);
    const waitMs = this.clockWasSetBack ? 0 : Math.max(0, this.attemptedAt + burstMs - this.now());
    this.loadingAgain ??= this.loadAfter(waitMs);
    return this.loadingAgain;
  }

  private async loadAfter(waitMs: number): Promise<KeySet> {
    await sleep(waitMs);
    // A fetch under way may bring an answer from before the key was published. So wait for its end and fetch again.
    // Those that come while the new fetch is under way need one more.
    while (this.loading) await this.loading.catch(() => undefined);
    this.loadingAgain = undefined;
    return this.load();
  }

  private load(): Promise<KeySet> {
    this.loading ??= this.fetch().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  private async fetch(): Promise<KeySet> {
    this.attemptedAt = this.now();
    const attempt = ++this.attempts;
    const { held } = this;
    try {
      const { keys, faults } = await observe(this.issuer.observer, this.request, () => fetchKeys(this.issuer));
      const text = JSON.stringify([keys, [...faults]]);
      const changed = held?.text !== text;
      if (changed && faults.size > 0) {
        this.issuer.log(`machine: ${this.issuer.issuer} publishes keys that cannot be used: ${describeFaults(faults)}`);
      }
      this.held = changed
        ? {
            find: createLocalJWKSet({ keys: [...keys] }),
            faults,
            generation: (held?.generation ?? 0) + 1,
            text,
            fetchedAt: this.now(),
            attempt,
          }
        : Object.assign(held, { fetchedAt: this.now(), attempt });
      this.lastError = undefined;
      return this.held;
    } catch (error) {
      this.lastError = error;
      this.retryAt = this.now() + (held && this.ageOf(held) <= this.maxStaleMs ? retryMs : firstRetryMs);
      throw error;
    }
  }

  private isKnownUnknown(kid: string): boolean {
    return this.now() < (this.unknown.get(kid) ?? Number.NEGATIVE_INFINITY);
  }

  private remember(kid: string): void {
    if (this.unknown.size >= mostUnknown) this.unknown.delete(this.unknown.keys().next().value!);
    this.unknown.set(kid, this.now() + unknownMs);
  }

  /** After the clock was set back, the age would be negative. Such keys are due. */
  private ageOf(keys: KeySet): number {
    const age = this.now() - keys.fetchedAt;
    return age >= 0 ? age : refreshMs + 1;
  }

  private get isDue(): boolean {
    return this.now() >= this.retryAt || this.clockWasSetBack;
  }

  /** Whether the last request failed, and recently. An outage of yesterday says nothing about now. */
  private get isAway(): boolean {
    return this.lastError !== undefined && this.now() - this.attemptedAt <= refreshMs;
  }

  private get clockWasSetBack(): boolean {
    return this.now() < this.attemptedAt;
  }

  private now(): number {
    return this.issuer.now().getTime();
  }
}

async function fetchKeys(issuer: Issuer): Promise<VerificationKeys> {
  try {
    const { jwks_uri } = await issuer.metadata();
    if (typeof jwks_uri !== "string") {
      throw new IssuerError(
        "ERR_ISSUER_RESPONSE",
        `${issuer.issuer} has no \`jwks_uri\` in its discovery document (RFC 8414 section 2)`,
      );
    }
    const response = await issuer.fetch(jwks_uri, { headers: { accept: "application/json" } });
    const body = (await response.json()) as { keys?: unknown } | null;
    if (response.status !== 200 || !Array.isArray(body?.keys)) {
      throw new IssuerError(
        "ERR_ISSUER_RESPONSE",
        `${jwks_uri} did not answer with a JWK set (RFC 7517 section 5), got: HTTP ${response.status}; check that it is the issuer's`,
      );
    }
    return readVerificationKeys(body.keys);
  } catch (error) {
    if (error instanceof MachineError) throw error;
    throw explainIssuerError(error, issuer.issuer, "its public keys");
  }
}
