// machine-a, the caller: gets an access token by a signed assertion and calls machine-b's protected API with it.
// Run: npx tsx machines/machine-a/machine-a.ts [--online]   (settings: the environment, see `readCall`)
import { basename } from "node:path";
import { openConnections } from "../connect-to";
import { MachineError, UnreachableError } from "../errors";
import { type AccessToken, getToken } from "../get-token";
import { checkUrl, openIssuer } from "../open-issuer";
import { type Environment, readAllowInsecureHttp, readText } from "../settings";
import { loadSigningKey } from "../signing-key";

export interface TokenOptions {
  readonly clientId: string;
  /** Path of the client's private key, PEM. */
  readonly keyFile: string;
  readonly issuer: string;
  /** Where to connect instead: `keycloak:8080=127.0.0.1:8080,…` @default - the addresses as they are */
  readonly connectTo?: string;
  /** Accept http: local development only. @default false */
  readonly allowInsecureHttp?: boolean;
  /** Scopes to ask for, parted by spaces. @default - the client's default scopes */
  readonly scope?: string;
}

export interface CallOptions extends TokenOptions {
  /** The address to GET. */
  readonly api: string;
}

/** An API's answer. */
export interface CallResult {
  readonly status: number;
  /** Parsed if it is JSON, else text. */
  readonly body: unknown;
  /** The challenge of a 401, if the API sent one. */
  readonly wwwAuthenticate?: string;
}

/**
 * Gets an access token for a client.
 *
 * @throws {MachineError} any code but the `ERR_TOKEN_…` ones
 */
export async function fetchToken(options: TokenOptions): Promise<AccessToken> {
  const { clientId, keyFile, scope } = options;
  const signingKey = await loadSigningKey(keyFile);
  const issuer = openIssuer(options);
  try {
    return await getToken(issuer, { clientId, signingKey, scope });
  } finally {
    await issuer.close();
  }
}

/**
 * Gets an access token and calls an API with it, once. Every status is a result, not an error; redirects are not
 * followed, so the token goes to `api` alone.
 *
 * Does not check: what the API answers.
 *
 * @throws {MachineError} as {@link fetchToken}, and `ERR_UNREACHABLE` if the API gives no answer within 5 s
 * @see RFC 6750 section 2.1
 */
export async function callApi(options: CallOptions): Promise<CallResult> {
  checkUrl("api", options.api, options.allowInsecureHttp ?? false);
  const { accessToken } = await fetchToken(options);
  const connections = openConnections(options.connectTo);
  try {
    const response = await connections.fetch(options.api, { headers: { authorization: `Bearer ${accessToken}` } });
    const text = await response.text().catch((cause: unknown) => {
      throw new UnreachableError(`${options.api} broke off its answer`, cause);
    });
    return {
      status: response.status,
      body: parse(text),
      wwwAuthenticate: response.headers.get("www-authenticate") ?? undefined,
    };
  } finally {
    await connections.close();
  }
}

/** Reads the settings; what is not set is as in the article. */
export function readCall(env: Environment): CallOptions {
  return {
    clientId: readText(env, "CLIENT_ID", "machine-a"),
    keyFile: readText(env, "KEY_FILE", "certs/machine-a-signing.key"),
    issuer: readText(env, "ISSUER", "http://keycloak:8080/realms/sjwt-example"),
    api: readText(env, "API", "http://machine-b:3000/api/protected"),
    connectTo: env.CONNECT_TO ?? "keycloak:8080=127.0.0.1:8080,machine-b:3000=127.0.0.1:3000",
    allowInsecureHttp: readAllowInsecureHttp(env, "ISSUER", "API"),
    scope: env.SCOPE,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const settings = readCall(process.env);
  const call = args.includes("--online") ? { ...settings, api: `${settings.api}/online` } : settings;
  const { status, body, wwwAuthenticate } = await callApi(call);
  console.log(`HTTP ${status}`);
  if (status === 200) {
    const { caller, verified } = body as { caller?: string; verified?: string };
    console.log(`caller: ${caller}\nverified: ${verified}`);
    return 0;
  }
  console.error(`machine-a: ${call.api} refused the call: ${wwwAuthenticate ?? JSON.stringify(body)}`);
  return 1;
}

// Only when started itself, not when another program holds it in its bundle.
if (/^machine-a\.[cm]?[jt]s$/.test(basename(process.argv[1] ?? ""))) {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      console.error(error instanceof MachineError ? `machine-a: ${error.message} [${error.code}]` : error);
      process.exitCode = 1;
    },
  );
}
