import { readTextFile, UnreadableFile } from "../constructs/keys/read-file";
import { shown } from "../constructs/keys/shown";

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable of the environment that cannot be followed. */
export class NetworkSettingError extends Error {}

/** The most bytes that a file of CAs may have. Those of operating systems have about 250,000. */
export const MOST_AUTHORITY_BYTES = 16 * 1024 * 1024;

/**
 * The proxy for an address, by `HTTPS_PROXY` or `HTTP_PROXY`. A name in small letters goes first. It is `undefined` for
 * this machine itself, as in Go. `NO_PROXY` is left to undici.
 *
 * `ALL_PROXY` is not read, as neither Node.js nor Go reads it.
 *
 * @throws {NetworkSettingError} for a proxy that is not an http(s) address
 */
export function proxyFor({ protocol, hostname }: URL, env: Environment = process.env): URL | undefined {
  const name = protocol === "https:" ? "https_proxy" : "http_proxy";
  const value = env[name] ?? env[name.toUpperCase()];
  if (!value || isLoopback(hostname)) return undefined;
  const address = value.includes("://") ? value : `http://${value}`; // as curl and Go read it
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url && /^https?:$/.test(url.protocol) && url.hostname !== "") return url;
  // The value may hold a password.
  throw new NetworkSettingError(
    `${name.toUpperCase()} must be the address of a proxy, such as http://proxy.example.org:3128`,
  );
}

/** A proxy without user and password, for messages. */
export function nameOfProxy({ protocol, host }: URL): string {
  return `${protocol}//${host}`;
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])\.?$/.test(hostname);
}

/**
 * The CAs to trust in place of those of Node.js: the PEM text of `SSL_CERT_FILE`, and of `NODE_EXTRA_CA_CERTS`, which
 * adds to it. `undefined` without `SSL_CERT_FILE`: Node.js itself reads the other one.
 *
 * @throws {NetworkSettingError} if `SSL_CERT_FILE` holds no certificate in PEM
 */
export function trustedAuthorities(env: Environment = process.env): string | undefined {
  const { SSL_CERT_FILE: file, NODE_EXTRA_CA_CERTS: more } = env;
  if (!file) return undefined;
  const text = readPem(file);
  if (typeof text === "string" && text.includes("-----BEGIN ")) return more ? `${text}\n${extra(more)}` : text;
  const got = typeof text === "string" ? "no certificate" : text.problem;
  throw new NetworkSettingError(`SSL_CERT_FILE must name a file of certificates in PEM, got: ${shown(file)} (${got})`);
}

/** As Node.js does, an extra file that cannot be read is left out. */
function extra(file: string): string {
  const text = readPem(file);
  return typeof text === "string" ? text : "";
}

function readPem(file: string): string | { problem: string } {
  try {
    return readTextFile(file, { mostBytes: MOST_AUTHORITY_BYTES });
  } catch (error) {
    return { problem: error instanceof UnreadableFile ? error.got : "unreadable" };
  }
}
