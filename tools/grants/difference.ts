/** What Keycloak has otherwise than it is declared. The kinds are stable: programs go by them. */
export type Kind =
  | "realm-missing"
  | "scope-missing"
  | "scope-renamed"
  | "scope-named"
  | "scope-not-named"
  | "scope-mapper-missing"
  | "scope-mapper-changed"
  | "scope-mapper-added"
  | "client-missing"
  | "client-added"
  | "client-disabled"
  | "client-public"
  | "client-authenticator"
  | "client-attribute"
  | "service-account-off"
  | "service-account-disabled"
  | "full-scope-on"
  | "flow-on"
  | "binding-changed"
  | "grant-added"
  | "grant-missing"
  | "grant-made-optional"
  | "grant-made-default"
  | "client-mapper-missing"
  | "client-mapper-changed"
  | "client-mapper-added"
  | "role-added"
  | "role-missing"
  | "role-not-in-tokens"
  | "role-let-in";

/** One difference, and what to do. */
export interface Difference {
  readonly kind: Kind;
  /** The client that it is about. */
  readonly client?: string;
  readonly scope?: string;
  readonly role?: string;
  /** What it says in one sentence. */
  readonly text: string;
}

/** What ends most sentences: who deploys need not know where to click. */
export const UP_REPAIRS = "`m2m up` sets it back";
export const UP_REMOVES = "`m2m up` removes it";
export const UP_GIVES = "`m2m up` gives it";
/** Of what Terraform does not manage, and so does not see. */
export const BY_HAND = "`m2m up` does not see what was added by hand, so remove it in Keycloak, or declare it";

/** A difference of a client. */
export function about(kind: Kind, client: string, text: string, more: Partial<Difference> = {}): Difference {
  return { kind, client, ...more, text };
}
