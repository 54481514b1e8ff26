import type { Input, Verdict } from "../case";
import { type Base, type Change, forge } from "../forge";

/** Claims that differ from a good token's, worked out when the token is made. */
export function claims(
  sent: string,
  change: (base: Base) => Change["claims"],
  verifier: Verdict | undefined,
  keycloak?: string,
  more: Partial<Input> = {},
): Input {
  return { sent, token: (base) => forge(base, { claims: change(base) }), verifier, keycloak, ...more };
}
