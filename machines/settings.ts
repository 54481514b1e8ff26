import { OptionError } from "./errors";

/** The environment of a program. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A text from the environment; empty counts as not set. */
export function readText(env: Environment, name: string, fallback: string): string {
  return env[name] || fallback;
}

/**
 * `ALLOW_INSECURE_HTTP`, `true` or `false`. Where it is not set, http is allowed only as long as none of the named
 * addresses is set either: the defaults are the article's local environment, which has no TLS.
 *
 * @throws {OptionError} `ERR_OPTION` for any other text
 */
export function readAllowInsecureHttp(env: Environment, ...addresses: string[]): boolean {
  const fallback = addresses.every((name) => !env[name]) ? "true" : "false";
  const value = readText(env, "ALLOW_INSECURE_HTTP", fallback);
  if (value !== "true" && value !== "false") {
    throw new OptionError(`ALLOW_INSECURE_HTTP must be true or false, got: ${value}`);
  }
  return value === "true";
}

/** A port from 0 (any free one) to 65535. @throws {OptionError} `ERR_OPTION` */
export function readPort(env: Environment, name: string, fallback: number): number {
  const value = readText(env, name, String(fallback));
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65535) {
    throw new OptionError(`${name} must be a port from 0 to 65535, got: ${value}`);
  }
  return Number(value);
}
