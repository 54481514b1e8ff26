/** How the files of a pair are changed. */
export interface ChangeContext {
  readonly now: Date;
  /** Opens the private halves that are encrypted, and encrypts new ones. */
  readonly passphrase?: string;
  /** Whether the active key waits outside the key file for the deploy that puts it first in Keycloak. */
  readonly waits?: boolean;
  /** Told what was removed unasked. */
  readonly notice?: (text: string) => void;
}

/** How an action is run. */
export interface ActionContext extends ChangeContext {
  /** Says what would be done, and does nothing. */
  readonly dryRun: boolean;
}
