import { ResponseBodyError } from "oauth4webapi";

/**
 * Makes a request once more, with a new assertion, if the issuer says that the assertion was used before. Each assertion of this
 * library is used once. But servers of a cluster remember it together: while one of them joins or leaves, Keycloak may write it
 * down twice, and then takes a fresh one for a replay.
 *
 * Does not check: who used it, if somebody did. Keycloak's event of the refusal tells.
 */
export async function withNewAssertion<Answer>(request: () => Promise<Answer>): Promise<Answer> {
  try {
    return await request();
  } catch (error) {
    if (!isTakenForReplay(error)) throw error;
    return await request();
  }
}

/** In Keycloak's words. */
function isTakenForReplay(error: unknown): boolean {
  return (
    error instanceof ResponseBodyError &&
    error.error === "invalid_client" &&
    error.error_description === "Token reuse detected"
  );
}
