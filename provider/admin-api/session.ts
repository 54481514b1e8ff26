import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";

/** How long an operation waits for a server that is starting or busy. */
export const PATIENCE_READING_MS = 5_000;
export const PATIENCE_WRITING_MS = 60_000;

/** A call to the admin API, as a resource writes it. */
export type AdminCall<T> = (admin: KeycloakAdminClient) => Promise<T>;

/** What resources use of the connection. */
export interface Session {
  /**
   * Runs a call, waiting and repeating where that may help. `what` opens the error message. `recover` finds what an
   * earlier attempt without an answer has made after all.
   */
  call<T>(what: string, run: AdminCall<T>, recover?: AdminCall<T | null>): Promise<T>;
  /** Likewise for what is only read: an answer with nothing in it is none. */
  read<T>(what: string, run: AdminCall<T>): Promise<T>;
  /** Loads something once for all who ask under this key. */
  shared<T>(key: string, load: () => Promise<T>): Promise<T>;
  /** Something under this key was changed: the next one loads it anew. */
  forget(key: string): void;
  /** A realm came or went, and all in it. */
  forgetAll(): void;
  /** Runs one after the other what uses the same key. */
  exclusive<T>(key: string, run: () => Promise<T>): Promise<T>;
  /** The rights of the login have changed. */
  renewSignIn(): void;
}
