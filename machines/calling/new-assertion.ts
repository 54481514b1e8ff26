import { ResponseBodyError } from "oauth4webapi";
import type { SkewedClock } from "./skewed-clock";

/**
 * Makes a request once more, with a new assertion, if the issuer refuses the first one for a reason that is no fault of the client:
 *
 * - It says that the assertion was used before. Each assertion of this library is used once. But servers of a cluster remember it
 *   together: while one of them joins or leaves, Keycloak may write it down twice, and then takes a fresh one for a replay.
 * - It was dated by what was learned of the issuer's clock, which may have been set since, or be that of another server. The new one is
 *   dated by this machine's clock, or the other way round.
 *
 * Does not check: who used it, if somebody did. Keycloak's event of the refusal tells.
 */
export async function withNewAssertion<Answer>(clock: SkewedClock, request: () => Promise<Answer>): Promise<Answer> {
  const offset = clock.offset();
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof ResponseBodyError)) throw error;
    if (!isTakenForReplay(error) && !(mayBeOfTime(error) && clock.leave(offset))) throw error;
    return await request();
  }
}

/** In Keycloak's words. */
function isTakenForReplay({ error, error_description }: ResponseBodyError): boolean {
  return error === "invalid_client" && error_description === "Token reuse detected";
}

/** RFC 6749 section 5.2 and RFC 9449 section 5, and Keycloak's words for a proof. Reasons of others are not this machine's. */
function mayBeOfTime({ error, error_description = "" }: ResponseBodyError): boolean {
  return error === "invalid_client" || error === "invalid_dpop_proof" || /^DPoP proof/.test(error_description);
}
