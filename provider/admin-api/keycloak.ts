import { setMaxListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { adviceFor } from "./advice";
import { Connection, type ConnectionSettings } from "./connection";
import { type Fault, KeycloakError, NotKeycloakError } from "./errors";
import { faultOf, LOST_RACE } from "./faults";
import type { AdminCall, Session } from "./session";
import { Slots } from "./slots";

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 2_000;
/** A fault that may be a lost race, and returns this often, is none. */
const ATTEMPTS_AT_A_RACE = 3;

/** Regardless of Terraform's `-parallelism`: with more calls at once Keycloak gets slower and then refuses some. */
const CALLS_AT_ONCE = 16;

/** One Keycloak server. All resources share its connection, its waiting, and what this run has read so far. */
export class Keycloak {
  readonly #connection: Connection;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, Promise<unknown>>();
  readonly #queues = new Map<string, Promise<unknown>>();
  readonly #slots = new Slots(CALLS_AT_ONCE);
  /** Since when no call has reached the server. Later calls wait only for the rest of their patience. */
  #downSince: number | undefined;

  constructor(settings: ConnectionSettings) {
    this.#connection = new Connection(settings);
    setMaxListeners(0, this.#stop.signal); // each waiting call listens to it
  }

  /** Access for operations that wait this long for the server. */
  session(patienceMs: number): Session {
    return {
      call: (what, run, recover) => this.#call(patienceMs, what, run, recover),
      read: (what, run) => this.#call(patienceMs, what, (admin) => run(admin).then(notNothing)),
      shared: (key, load) => this.#shared(key, load),
      forget: (key) => this.#known.delete(key),
      forgetAll: () => this.#known.clear(),
      exclusive: (key, run) => this.#exclusive(key, run),
      renewSignIn: () => this.#connection.renewSignIn(),
    };
  }

  /** Ends all waiting. Calls under way are finished, so that the state stays true. */
  stop(): void {
    this.#stop.abort();
  }

  async #call<T>(
    patienceMs: number,
    what: string,
    run: AdminCall<T>,
    recover?: AdminCall<T | null>,
    slots = this.#slots,
  ): Promise<T> {
    const begun = Date.now();
    let renewed = false;
    let ambiguous = false;
    let races = 0;
    let unfinished = false;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(run, slots);
      } catch (error) {
        const fault = faultOf(error, this.#connection.proxy());
        if (!fault) throw error;
        if (fault.status === 401 && !renewed && !(error instanceof KeycloakError)) {
          renewed = true;
          this.#connection.renewSignIn();
          continue;
        }
        ambiguous ||= fault.ambiguous;
        // A conflict with what an earlier attempt makes, or a call that goes on at Keycloak without us.
        unfinished ||= fault.kind === "timeout" || (ambiguous && fault.status === 409);
        if (LOST_RACE.has(fault.status!)) races += 1;
        if (races < ATTEMPTS_AT_A_RACE && (await this.#mayRetry(fault, attempt, begun, patienceMs))) continue;
        const found = ambiguous && recover ? await this.#recovered(unfinished ? patienceMs : 0, what, recover) : null;
        if (found !== null) return found;
        throw this.#final(error, fault, what, begun);
      }
    }
  }

  async #attempt<T>(run: AdminCall<T>, slots: Slots): Promise<T> {
    const admin = await this.#connection.admin();
    const result = await slots.run(() => run(admin));
    if (typeof result === "string" && result !== "") throw new NotKeycloakError("an answer that is not JSON");
    this.#downSince = undefined;
    return result;
  }

  /**
   * Looks for what an attempt without an answer has made: Terraform must know of it. Where Keycloak may still be making
   * it, the patience is for looking again.
   */
  async #recovered<T>(patienceMs: number, what: string, recover: AdminCall<T | null>): Promise<T | null> {
    const end = Date.now() + patienceMs;
    for (;;) {
      // Not in the shared slots: all calls there may be waiting for the same.
      const found = await this.#call(0, what, recover, undefined, new Slots(1)).catch(() => null);
      if (found !== null || Date.now() >= end || this.#stop.signal.aborted) return found;
      await sleep(LONGEST_PAUSE_MS, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
  }

  /** Waits before another attempt. False: there is no other attempt. */
  async #mayRetry(fault: Fault, attempt: number, begun: number, patienceMs: number): Promise<boolean> {
    if (fault.kind === "status") this.#downSince = undefined;
    if (!fault.temporary) return false;
    if (fault.kind === "unreachable") this.#downSince ??= Date.now();
    const since = fault.kind === "unreachable" ? this.#downSince! : begun;
    const left = since + patienceMs - Date.now();
    if (left <= 0) return false;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS) * (0.75 + Math.random() / 2);
    return sleep(Math.min(pause, left), true, { signal: this.#stop.signal }).catch(() => false);
  }

  #final(error: unknown, fault: Fault, what: string, begun: number): unknown {
    if (error instanceof KeycloakError) return error;
    const { adminUrl } = this.#connection;
    if (this.#stop.signal.aborted && fault.temporary) {
      return new KeycloakError(
        fault,
        `${what}: interrupted`,
        `The last answer of Keycloak at ${adminUrl} was: ${fault.got}.`,
      );
    }
    if (fault.kind === "status" && (!fault.temporary || LOST_RACE.has(fault.status!))) {
      return new KeycloakError(fault, `${what}: Keycloak answered ${fault.got}`, adviceFor(fault, adminUrl));
    }
    const summary = `${what}: Keycloak at ${adminUrl} cannot be used: ${fault.got}`;
    const waited = Math.round((Date.now() - Math.min(begun, this.#downSince ?? begun)) / 1000);
    const usual = `If m2m runs this environment, "m2m up" brings the server back and applies the rest; otherwise start the server, or correct the provider's url and base_path.`;
    return new KeycloakError(fault, summary, `Waited ${waited} s. ${fault.advice ? sentence(fault.advice) : usual}`);
  }

  #shared<T>(key: string, load: () => Promise<T>): Promise<T> {
    const known = this.#known.get(key) as Promise<T> | undefined;
    if (known) return known;
    const loading = load();
    this.#known.set(key, loading);
    loading.catch(() => this.#known.get(key) === loading && this.#known.delete(key));
    return loading;
  }

  async #exclusive<T>(key: string, run: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    this.#queues.set(key, settled);
    void settled.then(() => this.#queues.get(key) === settled && this.#queues.delete(key));
    return mine;
  }
}

function sentence(advice: string): string {
  return `${advice[0]!.toUpperCase()}${advice.slice(1)}.`;
}

/** An empty answer is an error: otherwise it would mean that the object does not exist. */
function notNothing<T>(answer: T): T {
  if (answer === "") throw new NotKeycloakError("an empty answer");
  return answer;
}
