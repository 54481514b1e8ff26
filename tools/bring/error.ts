/** Every way in which a missing part cannot be brought. The codes are stable; the texts may improve. */
export type BringErrorCode =
  | "needs-root"
  | "needs-debian"
  | "docker-unreachable"
  | "docker-no-rights"
  | "docker-start-failed"
  | "terraform-missing"
  | "terraform-too-old"
  | "checksum-mismatch"
  | "download-failed"
  | "build-failed"
  | "command-failed"
  | "command-missing"
  | "lock-timeout"
  | "not-supported";

/** A part of the environment that is missing and could not be brought. The message says what to do about it. */
export class BringError extends Error {
  readonly code: BringErrorCode;

  constructor(code: BringErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BringError";
    this.code = code;
  }
}
