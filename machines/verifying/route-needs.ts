import { shown } from "../../constructs/keys/shown";
import { OptionError } from "../errors";
import { checkRoles } from "./roles";
import { checkScopes } from "./verified-token";

/** What the token of one route must have, in addition to what its guard and verifier demand. */
export interface RouteNeeds {
  /**
   * Scopes, all of them.
   *
   * @default - none
   */
  readonly scopes?: readonly string[];
  /**
   * Roles of this API's own client, all of them.
   *
   * @default - none
   */
  readonly roles?: readonly string[];
}

/** Needs that were checked. They cannot change any more. */
export interface CheckedNeeds {
  readonly scopes: readonly string[];
  readonly roles: readonly string[];
}

const NOTHING = checkedCopy([], []);
const checked = new WeakSet<object>([NOTHING]);

/**
 * Checks what a route needs, and takes a copy. What was checked before is not checked again.
 *
 * @throws {OptionError} `ERR_OPTION` for something else than an object of `scopes` and `roles`, and for one that has neither.
 *   A misspelt option would leave the route open
 */
export function readNeeds(needs: RouteNeeds | undefined): CheckedNeeds {
  if (needs === undefined) return NOTHING;
  if (checked.has(needs)) return needs as CheckedNeeds;
  if (typeof needs !== "object" || needs === null || Array.isArray(needs)) {
    throw new OptionError(`what a route needs must be an object of \`scopes\` and \`roles\`, got: ${shown(needs)}`);
  }
  const { scopes: _scopes, roles: _roles, ...others } = needs;
  const [odd] = Object.keys(others);
  if (odd !== undefined) {
    throw new OptionError(
      `\`${shown(odd)}\` is nothing that a route can need; the options are \`scopes\` and \`roles\``,
    );
  }
  if (!("scopes" in needs || "roles" in needs)) {
    throw new OptionError("what a route needs must have `scopes` or `roles`, got: neither; leave it out for nothing");
  }
  // One that is there and undefined is meant to be a list: the name of a constant may be misspelt.
  const scopes = "scopes" in needs ? (needs.scopes as readonly string[]) : [];
  const roles = "roles" in needs ? (needs.roles as readonly string[]) : [];
  checkScopes(scopes);
  checkRoles(roles);
  const copy = checkedCopy(scopes, roles);
  checked.add(copy);
  return copy;
}

/**
 * The same for a route of `guard`, ahead of its requests.
 *
 * @throws {OptionError} `ERR_OPTION` also for a guard that takes no needs: a function around a guard that does not hand
 *   them on would leave the route open
 */
export function needsOfRoute(
  guard: (...given: never[]) => unknown,
  needs: RouteNeeds | undefined,
): CheckedNeeds | undefined {
  if (needs === undefined) return undefined;
  if (guard.length >= 3) return readNeeds(needs);
  throw new OptionError(
    `the guard must take what a route needs as its third argument, as those of createGuard do, got: a function of ${guard.length}; hand it on: (authorization, request, needs) => guard(authorization, request, needs)`,
  );
}

function checkedCopy(scopes: readonly string[], roles: readonly string[]): CheckedNeeds {
  return Object.freeze({ scopes: Object.freeze([...scopes]), roles: Object.freeze([...roles]) });
}
