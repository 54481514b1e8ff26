import { shown } from "../constructs/keys/shown";
import { type ErrorCode, MachineError, OptionError } from "./errors";

/** What takes time, as an observer is told of it. Nothing of it is secret. */
export type ObservedOperation =
  /** A request for an access token, with a new assertion. `isRetry`: it follows one that failed. */
  | { readonly name: "token_request"; readonly clientId: string; readonly issuer: string; readonly isRetry: boolean }
  /** A token that is not remembered. Online the issuer is asked. */
  | { readonly name: "verification"; readonly way: "offline" | "online"; readonly issuer: string }
  /** A request for the issuer's public keys. */
  | { readonly name: "keys_request"; readonly issuer: string }
  /** A guard's verdict on a request. `header` reads the request's headers, for the trace that it belongs to. */
  | { readonly name: "guarded_request"; readonly header?: (name: string) => string | undefined };

/** What takes no time. */
export type ObservedEvent =
  /** A call got the token in hand. */
  | { readonly name: "token_cache_hit"; readonly clientId: string }
  /** A token was remembered. It was verified before. */
  | { readonly name: "verification_cache_hit"; readonly way: "offline" | "online" }
  /** A DPoP proof came a second time. */
  | { readonly name: "replayed_proof" };

/**
 * How an operation ended. `NO_TOKEN` and `INVALID_REQUEST`: a guard got no token, or no header with one token. `OTHER`: an
 * error that is not of this library.
 */
export interface ObservedOutcome {
  readonly code: "OK" | "NO_TOKEN" | "INVALID_REQUEST" | "OTHER" | ErrorCode;
  /** The client of the token, if the token was verified. */
  readonly caller?: string;
  /** Of a guard that refuses. */
  readonly status?: number;
}

/** An operation under way. */
export interface OngoingOperation {
  /**
   * Runs the work of the operation, so that operations within belong to it. What it returns is not used.
   *
   * @default - the work is run
   */
  run?<T>(work: () => T): T;
  end(outcome: ObservedOutcome): void;
}

/** A certificate that ends. It is read when somebody wants to know. */
export interface ObservedCertificate {
  /** That of the key that signs assertions, or that of TLS. */
  readonly use: "signing" | "tls";
  readonly clientId: string;
  /** `undefined` while there is none. `kid` is that of a signing key. */
  read(): { readonly expiresAt: Date; readonly kid?: string } | undefined;
}

/**
 * Is told what the library does: {@link createMetrics} and {@link createTracing} make one. All functions are called in the
 * middle of the work, so they must be quick. Their errors are ignored.
 */
export interface Observer {
  /** An operation begins. */
  begin?(operation: ObservedOperation): OngoingOperation | undefined;
  note?(event: ObservedEvent): void;
  /** A machine has a certificate. Returns a function that ends it. */
  watch?(certificate: ObservedCertificate): () => void;
  /** Headers of a request that this process makes now, such as those of its trace. */
  headers?(): Readonly<Record<string, string>>;
}

/** Joins observers into one, or none. @throws {OptionError} `ERR_OPTION` for something else than a list of observers */
export function joinObservers(observers: readonly Observer[] | undefined): Observer | undefined {
  if (observers === undefined) return undefined;
  const isObserver = (one: unknown) => typeof one === "object" && one !== null;
  if (!Array.isArray(observers) || !observers.every(isObserver)) {
    throw new OptionError(`\`observers\` must be a list, such as [createMetrics(client)], got: ${shown(observers)}`);
  }
  const [first, ...others] = observers as readonly Observer[];
  return others.reduce<Observer | undefined>((one, other) => (one ? both(one, other) : other), first);
}

/** Does some work, and tells of it. */
export function observe<T>(
  observer: Observer | undefined,
  operation: ObservedOperation,
  work: () => Promise<T>,
  outcomeOf: (value: T) => ObservedOutcome = () => OK,
): Promise<T> {
  if (!observer) return work();
  const ongoing = quietly(() => observer.begin?.(operation));
  return ongoing ? followed(ongoing, work, outcomeOf) : work();
}

/** Tells of something that has happened. */
export function note(observer: Observer, event: ObservedEvent): void {
  quietly(() => observer.note?.(event));
}

/** Tells of a certificate. Returns a function that ends it. */
export function watch(observer: Observer, certificate: ObservedCertificate): () => void {
  const end = quietly(() => observer.watch?.(certificate));
  return () => quietly(() => end?.());
}

/** Adds the headers of the observer to those of a request, beside what is there. */
export function addHeaders(observer: Observer | undefined, headers: Headers): void {
  const more = observer && quietly(() => observer.headers?.());
  for (const [name, value] of Object.entries(more ?? {})) {
    quietly(() => headers.has(name) || headers.set(name, value)); // which takes no name or value of a wrong form
  }
}

const OK: ObservedOutcome = Object.freeze({ code: "OK" });

async function followed<T>(
  ongoing: OngoingOperation,
  work: () => Promise<T>,
  outcomeOf: (value: T) => ObservedOutcome,
): Promise<T> {
  let value: T;
  try {
    // Most observers run nothing: what guards the work against one that does would cost more than a count.
    value = await (ongoing.run ? within(ongoing, work) : work());
  } catch (error) {
    quietly(() => ongoing.end({ code: error instanceof MachineError ? error.code : "OTHER" }));
    throw error;
  }
  quietly(() => ongoing.end(outcomeOf(value)));
  return value;
}

/** Runs work in an operation. Whatever the observer makes of it, the work is done once, and its own value counts. */
function within<T>(ongoing: OngoingOperation, work: () => T): T {
  let done: { readonly value: T } | undefined;
  const once = () => {
    done ??= { value: work() };
    return done.value;
  };
  quietly(() => ongoing.run?.(once));
  return once();
}

/** A call without its number is better than a call that fails, also if the number fails later. */
function quietly<T>(tell: () => T): T | undefined {
  try {
    const told = tell();
    if (told instanceof Promise) told.catch(() => undefined);
    return told;
  } catch {
    return undefined;
  }
}

function both(one: Observer, other: Observer): Observer {
  return {
    begin(operation) {
      const [outer, inner] = [one, other].map((each) => quietly(() => each.begin?.(operation)));
      if (!outer || !inner) return outer ?? inner;
      return {
        run: (work) => within(outer, () => within(inner, work)),
        end(outcome) {
          quietly(() => inner.end(outcome));
          quietly(() => outer.end(outcome));
        },
      };
    },
    note(event) {
      note(one, event);
      note(other, event);
    },
    watch(certificate) {
      const ends = [one, other].map((each) => watch(each, certificate));
      return () => {
        for (const end of ends) end();
      };
    },
    headers: () => ({ ...quietly(() => one.headers?.()), ...quietly(() => other.headers?.()) }),
  };
}
