import { shown } from "../../constructs/keys/shown";
import { MachineError, OptionError, TokenError } from "../errors";
import type { VerifiedToken, VerifyToken } from "./verified-token";
import { nameOf } from "./verified-tokens";

export interface BothOptions {
  /** Verifies every call: {@link createVerifier}. */
  readonly offline: VerifyToken;
  /** Asks the issuer: {@link createIntrospector}. */
  readonly online: VerifyToken;
  /**
   * The issuer is asked again after this many calls with one token: 1 or more.
   *
   * @default 100
   */
  readonly everyCalls?: number;
  /**
   * The issuer is asked again when a token is used this many seconds after the last question: 1 or more.
   *
   * @default 30
   */
  readonly everySeconds?: number;
  /**
   * Accept a token by its signature alone while the issuer gives no verdict. The next call after two seconds asks the
   * issuer again.
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

/** Tokens whose last question is remembered. A forgotten token is asked about at its next call. */
const mostSeen = 10_000;
/** Pause between questions in an outage, if tokens pass meanwhile. Each question may take its whole time limit. */
const awayMs = 2000;

/**
 * Combines two verifiers. The offline one verifies every call. The online one verifies a token's first call, and then
 * again after `everyCalls` calls or `everySeconds` seconds, whichever comes first. The facts of the token are those of
 * the offline one; caller, subject, expiry and binding of the two must be the same. Each process thus refuses a revoked
 * token after that time, and from then on always. Calls at the same time share one question.
 *
 * Does not check: what neither of the two checks.
 *
 * @example
 * ```ts
 * import { createIntrospector, createVerifier, openMachine, verifyBoth } from "cdktf-keycloak-m2m/machine";
 *
 * const api = openMachine({
 *   clientId: "machine-b",
 *   keyFile: "certs/machine-b-signing.key",
 *   issuer: "https://sso.example.org/realms/example",
 * });
 * const rules = { audience: "machine-b" };
 * const verify = verifyBoth({
 *   offline: createVerifier(api.issuer, rules),
 *   online: createIntrospector(api.issuer, { ...api, ...rules }),
 *   everySeconds: 60,
 * });
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` at once for a number below 1. The verifier throws what the two verifiers throw
 * @see RFC 7662 section 4, RFC 9068 section 4
 */
export function verifyBoth(options: BothOptions): VerifyToken {
  const { offline, online, everyCalls = 100, everySeconds = 30, now = () => new Date() } = options;
  for (const [name, value] of Object.entries({ everyCalls, everySeconds })) {
    if (!(value >= 1)) throw new OptionError(`\`${name}\` must be 1 or more, got: ${shown(value)}`);
  }
  const seen = new Map<string, Seen>();
  const asking = new Map<string, Promise<VerifiedToken>>();
  /** By the clock that is never set back. */
  let awayUntil = 0;

  const ask = async (token: string, name: string, verified: VerifiedToken): Promise<VerifiedToken> => {
    const askedAt = now().getTime();
    try {
      const answer = await online(token, { checksBinding: true }); // `offline` has refused it otherwise
      checkSame(verified, answer);
      remember(seen, name, { calls: 0, askedAt });
      return verified;
    } catch (error) {
      // Only this refusal is for good. After any other one, the next call asks again.
      if (error instanceof TokenError && error.code === "ERR_TOKEN_INACTIVE") {
        remember(seen, name, { calls: 0, askedAt, refusal: new TokenError(error.code, error.message) });
      }
      throw error;
    }
  };
  const askOnce = (token: string, name: string, verified: VerifiedToken): Promise<VerifiedToken> => {
    const asked = asking.get(name) ?? ask(token, name, verified).finally(() => asking.delete(name));
    asking.set(name, asked);
    return asked;
  };

  return async (token, call) => {
    const verified = await offline(token, call);
    const name = nameOf(token);
    const last = seen.get(name);
    if (last?.refusal) throw last.refusal;
    const ageMs = last ? now().getTime() - last.askedAt : 0;
    // Below 0, the clock was set back, and the true age is not known.
    if (last && ++last.calls < everyCalls && ageMs >= 0 && ageMs < everySeconds * 1000) return verified;
    if (performance.now() < awayUntil) return verified;
    try {
      return await askOnce(token, name, verified);
    } catch (error) {
      // Not if the issuer refuses this API's client, or if the API's signer fails: that may last until somebody repairs
      // it.
      const away =
        error instanceof MachineError && (error.code === "ERR_UNREACHABLE" || error.code === "ERR_ISSUER_RESPONSE");
      if (!away || !options.acceptUncheckedDuringOutage) throw error;
      awayUntil = performance.now() + awayMs;
      return verified;
    }
  };
}

/**
 * The two have to speak of the same token. Otherwise they ask different issuers, or the answer comes from another cache.
 *
 * @throws {OptionError} `ERR_OPTION`, which is no outage: `acceptUncheckedDuringOutage` does not let the token pass
 */
function checkSame(offline: VerifiedToken, online: VerifiedToken): void {
  const names = (["caller", "subject", "expiresAt", "confirmation"] as const).filter(
    (name) => JSON.stringify(offline[name]) !== JSON.stringify(online[name]),
  );
  if (names.length === 0) return;
  throw new OptionError(
    `\`offline\` and \`online\` must verify for one issuer: its answer has another ${names.join(" and ")} than the token`,
  );
}

function remember(seen: Map<string, Seen>, name: string, entry: Seen): void {
  seen.delete(name);
  if (seen.size >= mostSeen) seen.delete(seen.keys().next().value!);
  seen.set(name, entry);
}
