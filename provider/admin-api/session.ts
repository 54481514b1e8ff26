import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";

/** How long an operation waits for a server that starts or is busy. */
export const PATIENCE_READING_MS = 5_000;
export const PATIENCE_WRITING_MS = 60_000;

/** A call to the admin API, as a resource writes it. */
export type AdminCall<T> = (admin: KeycloakAdminClient) => Promise<T>;

/** What a resource uses of the connection. */
export interface Session {
  /**
   * Runs a call, and waits and repeats it where that may help. `what` begins the error message. `recover` finds what an
   * earlier attempt has made although no answer came.
   */
  call<T>(what: string, run: AdminCall<T>, recover?: AdminCall<T | null>): Promise<T>;
  /** The same for a call that only reads. It repeats the call after an empty answer. */
  read<T>(what: string, run: AdminCall<T>): Promise<T>;
  /** Loads something once for all who ask under this key. */
  shared<T>(key: string, load: () => Promise<T>): Promise<T>;
  /** Something under this key was changed: load it again next time. */
  forget(key: string): void;
  /** A realm was created or deleted, with everything in it. */
  forgetAll(): void;
  /** Runs operations with the same key one after another. */
  exclusive<T>(key: string, run: () => Promise<T>): Promise<T>;
  /** The rights of the login have changed. */
  renewSignIn(): void;
}
