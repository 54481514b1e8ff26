import { redact } from "./shown";

/** Why key material was refused; `code` is stable. No message holds key bytes. */
export type KeyErrorCode =
  | "KEY_TOO_SHORT"
  | "KEY_UNREADABLE"
  | "KEY_CORRUPT"
  | "KEY_UNSUPPORTED"
  | "ALGORITHM_MISMATCH"
  | "FILE_NOT_REGULAR"
  | "FILE_NOT_WRITTEN"
  | "RECORD_CORRUPT"
  | "KEY_KNOWN"
  | "KEY_HELD"
  | "KEY_NOT_FOUND"
  | "KEY_PREPARED_ALREADY"
  | "CERTIFICATE_CORRUPT"
  | "PUBLIC_KEY_CORRUPT"
  | "CERTIFICATE_AMBIGUOUS"
  | "CERTIFICATE_MISMATCH"
  | "CERTIFICATE_UNFIT"
  | "CREATION_REFUSED";

/** Key material that cannot be used: the message says what is wrong, in which file, and what to do. */
export class KeyError extends Error {
  constructor(
    readonly code: KeyErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(redact(message), options);
    this.name = "KeyError";
  }
}
