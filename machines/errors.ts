import { redact } from "../constructs/keys/shown";
import { plainLine } from "../network/plain-text";

/** The code of an error. Codes are stable, so programs may branch on them. Texts may change. */
export type ErrorCode =
  | "ERR_OPTION" // an option or setting is missing or wrong
  | "ERR_KEY_UNREADABLE" // the key file cannot be read, is no regular file, or is larger than 1 MiB
  | "ERR_KEY_FORMAT" // the key file holds no PEM private key, the passphrase does not open it, or a public key is not one
  | "ERR_KEY_TYPE" // the key is not RSA, P-256, P-384, P-521 or Ed25519, or cannot sign with the algorithm asked for
  | "ERR_KEY_SIZE" // the RSA key is shorter than 2048 bits, or longer than 16384
  | "ERR_SIGNER" // a signer outside of this process fails, takes too long or gives no valid signature
  | "ERR_UNREACHABLE" // no answer, a timeout, or an answer that says "later" (429, 5xx)
  | "ERR_ISSUER_RESPONSE" // the issuer gave an answer that cannot be used
  | "ERR_CLIENT_REFUSED" // the issuer refused this client or its assertion
  | "ERR_TOKEN_MALFORMED" // not a signed JWT in compact form
  | "ERR_TOKEN_ALGORITHM" // signed with an algorithm that is not allowed
  | "ERR_TOKEN_SIGNATURE" // not signed by a key of the issuer
  | "ERR_TOKEN_TYPE" // a valid JWT of the issuer, but not an access token
  | "ERR_TOKEN_EXPIRED" // past its exp
  | "ERR_TOKEN_CLAIM" // a claim is missing or wrong, `claim` says which
  | "ERR_TOKEN_SCOPE" // valid, but without a scope that is needed
  | "ERR_TOKEN_ROLE" // valid, but without a role that is needed
  | "ERR_TOKEN_PROOF" // bound to a key or certificate, and the sender does not prove to hold it
  | "ERR_TOKEN_INACTIVE"; // the issuer says it is revoked, expired or not for this API

/**
 * The base of all errors that this library throws on purpose. A message is one line. `cause` keeps names, messages and stacks. It leaves out
 * the data that other libraries attach, since it may hold tokens.
 */
export class MachineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(plainLine(redact(message)), cause === undefined ? undefined : { cause: plainCause(cause) });
    this.name = new.target.name;
    this.code = code;
  }
}

/** An option or setting is missing or wrong. */
export class OptionError extends MachineError {
  constructor(message: string, cause?: unknown) {
    super("ERR_OPTION", message, cause);
  }
}

/** A private key cannot be used. */
export class KeyError extends MachineError {}

/** The other side gives no usable answer now. The same call may work later. */
export class UnreachableError extends MachineError {
  /** Seconds after which to try again, if the other side tells. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, cause?: unknown, retryAfterSeconds?: number) {
    super("ERR_UNREACHABLE", message, cause);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The issuer's answer does not follow the protocol, or refuses this client. */
export class IssuerError extends MachineError {}

/** The access token must be refused. */
export class TokenError extends MachineError {
  /** The claim at fault, for `ERR_TOKEN_CLAIM` and `ERR_TOKEN_EXPIRED`; `cnf` for `ERR_TOKEN_PROOF` of a certificate. */
  readonly claim: string | undefined;
  /** The scopes that are needed, for `ERR_TOKEN_SCOPE`. */
  readonly scopes: readonly string[] | undefined;
  /** The roles that are needed, for `ERR_TOKEN_ROLE`. */
  readonly roles: readonly string[] | undefined;

  constructor(
    code: ErrorCode & `ERR_TOKEN_${string}`,
    message: string,
    options: { claim?: string; scopes?: readonly string[]; roles?: readonly string[]; cause?: unknown } = {},
  ) {
    super(code, message, options.cause);
    this.claim = options.claim;
    this.scopes = options.scopes;
    this.roles = options.roles;
  }
}

function plainCause(error: unknown, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth === 4) return undefined;
  if (error instanceof MachineError) return error;
  const copy = new Error(plainLine(redact(String(error.message))), { cause: plainCause(error.cause, depth + 1) });
  copy.name = error.name;
  copy.stack = plainStack(error, copy.message);
  return Object.assign(copy, { code: (error as NodeJS.ErrnoException).code });
}

/** The frames below the plain message. A message from outside may have lines of its own. */
function plainStack({ name, message, stack }: Error, plain: string): string | undefined {
  if (stack === undefined) return undefined;
  const frames = stack.startsWith(`${name}: ${message}`) ? stack.slice(`${name}: ${message}`.length) : stack;
  const lines = redact(frames).split("\n").map(plainLine);
  return `${name}: ${plain}${lines.join("\n")}`;
}
