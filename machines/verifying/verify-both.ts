import { MachineError, OptionError, TokenError } from "../errors";
import type { VerifiedToken, VerifyToken } from "./verified-token";
import { nameOf } from "./verified-tokens";

export interface BothOptions {
  /** Judges every call: `createVerifier`. */
  readonly offline: VerifyToken;
  /** Asks the issuer: `createIntrospector`. */
  readonly online: VerifyToken;
  /**
   * Calls with one token after which the issuer is asked about it again, 1 or more.
   *
   * @default 100
   */
  readonly everyCalls?: number;
  /**
   * Seconds of use of one token after which the issuer is asked about it again, 1 or more.
   *
   * @default 30
   */
  readonly everySeconds?: number;
  /**
   * Whether a token passes by its signature alone while the issuer gives no verdict. The issuer is then asked again by
   * the next call two seconds later, until it answers.
   *
   * @default false: the call fails with the issuer's error (503)
   */
  readonly acceptUncheckedDuringOutage?: boolean;
  /**
   * The clock.
   *
   * @default - the system clock
   */
  readonly now?: () => Date;
}

interface Seen {
  calls: number;
  readonly askedAt: number;
  readonly refusal?: TokenError;
}

/** Tokens whose last question is remembered; one that falls out is asked about at its next call. */
const mostSeen = 10_000;
/** How long an outage is not looked at again where tokens pass meanwhile: a question may take its whole time limit. */
const awayMs = 2000;

/**
 * Makes a verifier of two: offline for every call, online for a token's first call and then for one in `everyCalls`, or
 * after `everySeconds`, whichever comes first. So a token that the issuer has revoked is refused by the next
 * `everyCalls` calls or after `everySeconds` at the latest, in each process, and for good. Calls at the same time share
 * one question.
 *
 * Does not check: what neither of the two does.
 *
 * @throws {OptionError} `ERR_OPTION` at once for a number below 1. The verifier throws what the two throw
 * @see RFC 7662 section 4, RFC 9068 section 4
 */
export function verifyBoth(options: BothOptions): VerifyToken {
  const { offline, online, everyCalls = 100, everySeconds = 30, now = () => new Date() } = options;
  for (const [name, value] of Object.entries({ everyCalls, everySeconds })) {
    if (!(value >= 1)) throw new OptionError(`\`${name}\` must be 1 or more, got: ${value}`);
  }
  const seen = new Map<string, Seen>();
  const asking = new Map<string, Promise<VerifiedToken>>();
  /** By the clock that only runs forward. */
  let awayUntil = 0;

  const ask = async (token: string, name: string): Promise<VerifiedToken> => {
    const askedAt = now().getTime();
    try {
      const verified = await online(token);
      remember(seen, name, { calls: 0, askedAt });
      return verified;
    } catch (error) {
      // Any other refusal may be of today's rules or of a bad moment, and costs no more than the next question.
      if (error instanceof TokenError && error.code === "ERR_TOKEN_INACTIVE") {
        remember(seen, name, { calls: 0, askedAt, refusal: new TokenError(error.code, error.message) });
      }
      throw error;
    }
  };
  const askOnce = (token: string, name: string): Promise<VerifiedToken> => {
    const asked = asking.get(name) ?? ask(token, name).finally(() => asking.delete(name));
    asking.set(name, asked);
    return asked;
  };

  return async (token) => {
    const verified = await offline(token);
    const name = nameOf(token);
    const last = seen.get(name);
    if (last?.refusal) throw last.refusal;
    const ageMs = last ? now().getTime() - last.askedAt : 0;
    // Below 0 the clock was set back: how long ago it was is not known.
    if (last && ++last.calls < everyCalls && ageMs >= 0 && ageMs < everySeconds * 1000) return verified;
    if (performance.now() < awayUntil) return verified;
    try {
      return await askOnce(token, name);
    } catch (error) {
      // Not where the issuer refuses this API itself, or its signer does, which cannot be told from an outage of that: it may
      // last until somebody mends it.
      const away =
        error instanceof MachineError && (error.code === "ERR_UNREACHABLE" || error.code === "ERR_ISSUER_RESPONSE");
      if (!away || !options.acceptUncheckedDuringOutage) throw error;
      awayUntil = performance.now() + awayMs;
      return verified;
    }
  };
}

function remember(seen: Map<string, Seen>, name: string, entry: Seen): void {
  seen.delete(name);
  if (seen.size >= mostSeen) seen.delete(seen.keys().next().value!);
  seen.set(name, entry);
}
