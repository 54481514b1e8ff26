/** Every code a function of this folder can throw. Stable: programs may branch on them, texts may change. */
export type ErrorCode =
  | "ERR_OPTION" // an option or setting is missing or wrong: the caller's mistake
  | "ERR_KEY_UNREADABLE" // the key file cannot be read
  | "ERR_KEY_FORMAT" // the key file holds no PEM private key, or one that the passphrase does not open, or it is no public key
  | "ERR_KEY_TYPE" // the key is not RSA, P-256 or Ed25519, or cannot sign with the algorithm asked for
  | "ERR_KEY_SIZE" // the RSA key is shorter than 2048 bits
  | "ERR_SIGNER" // a signer outside this process fails, takes too long or gives no signature of its algorithm
  | "ERR_UNREACHABLE" // no answer, a timeout, or an answer that says "later" (429, 5xx)
  | "ERR_ISSUER_RESPONSE" // the issuer answered something that cannot be used
  | "ERR_CLIENT_REFUSED" // the issuer refused this client or its assertion
  | "ERR_TOKEN_MALFORMED" // not a signed JWT in compact form
  | "ERR_TOKEN_ALGORITHM" // signed with an algorithm that is not allowed
  | "ERR_TOKEN_SIGNATURE" // not signed by a key of the issuer
  | "ERR_TOKEN_TYPE" // a valid JWT of the issuer, but not an access token
  | "ERR_TOKEN_EXPIRED" // past its exp
  | "ERR_TOKEN_CLAIM" // a claim is missing or wrong, `claim` says which
  | "ERR_TOKEN_SCOPE" // valid, but without a scope that is needed
  | "ERR_TOKEN_INACTIVE"; // the issuer says it is revoked, expired or not for this API

/**
 * The base of every error thrown on purpose here. `code` is stable, `cause` is kept as far as it is safe:
 * names, messages and stacks, not the data other libraries attach, which may hold tokens.
 */
export class MachineError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(redact(message), cause === undefined ? undefined : { cause: plainCause(cause) });
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

/** The other side gives no usable answer now; the same call may work later. */
export class UnreachableError extends MachineError {
  /** Seconds after which to try again, if the other side said so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(message: string, cause?: unknown, retryAfterSeconds?: number) {
    super("ERR_UNREACHABLE", message, cause);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The issuer answered, but not with what the protocol asks for, or with a refusal of this client. */
export class IssuerError extends MachineError {}

/** The access token is to be refused. */
export class TokenError extends MachineError {
  /** The claim at fault, for `ERR_TOKEN_CLAIM` and `ERR_TOKEN_EXPIRED`. */
  readonly claim: string | undefined;
  /** The scopes that are needed, for `ERR_TOKEN_SCOPE`. */
  readonly scopes: readonly string[] | undefined;

  constructor(
    code: ErrorCode & `ERR_TOKEN_${string}`,
    message: string,
    options: { claim?: string; scopes?: readonly string[]; cause?: unknown } = {},
  ) {
    super(code, message, options.cause);
    this.claim = options.claim;
    this.scopes = options.scopes;
  }
}

/** Takes anything that looks like a JWT or PEM out of a text: others' messages are quoted in ours. */
export function redact(text: string): string {
  return text
    .replace(/-----BEGIN [^-]*-----[\s\S]*?(-----END [^-]*-----|$)/g, "[pem]")
    .replace(/eyJ[\w-]{10,}(\.[\w-]*)*/g, "[jwt]");
}

function plainCause(error: unknown, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth === 4) return undefined;
  if (error instanceof MachineError) return error;
  const copy = new Error(redact(String(error.message)), { cause: plainCause(error.cause, depth + 1) });
  copy.name = error.name;
  copy.stack = error.stack === undefined ? undefined : redact(String(error.stack));
  return Object.assign(copy, { code: (error as NodeJS.ErrnoException).code });
}
