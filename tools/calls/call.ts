import { existsSync } from "node:fs";
import { execa } from "execa";
import { decodeJwt } from "jose";
import { type Machine, openMachine } from "../../machines/calling/open-machine";
import { plainLine } from "../../network/plain-text";
import { ToolError } from "../output";
import { packageFile } from "../package-files";
import { DEFAULT_CALLER } from "./choose-client";
import { type Environment, machineOptions } from "./environment";

/** Does something as one machine. It tries once, so that a problem is told at once. */
async function as<Result>(environment: Environment, clientId: string, act: (machine: Machine) => Promise<Result>) {
  const machine = openMachine({ ...machineOptions(environment, clientId), patienceMs: 0, callTimeoutMs: 5000 });
  try {
    return await act(machine);
  } finally {
    await machine.close();
  }
}

export function token(environment: Environment, clientId: string): Promise<string> {
  return as(environment, clientId, (machine) => machine.getToken());
}

/**
 * The client to call the API as. Its key is here, and it is not the API itself, whose client id is its host name. If there
 * are several, it is machine-a, or else the first in alphabetical order, whose token is meant for the API.
 */
export async function chooseCaller(environment: Environment): Promise<string | undefined> {
  const api = new URL(environment.api).hostname;
  const candidates = Object.keys(environment.keyFiles)
    .sort((one, other) => (isDefault(one) || (!isDefault(other) && one < other) ? -1 : 1))
    .filter((clientId) => clientId !== api && existsSync(environment.keyFiles[clientId]!));
  if (candidates.length < 2) return candidates[0];
  for (const clientId of candidates) {
    const mayCall = await token(environment, clientId).then(
      (text) => audiences(text).includes(api),
      () => false,
    );
    if (mayCall) return clientId;
  }
  return candidates[0];
}

const isDefault = (clientId: string) => clientId === DEFAULT_CALLER;

/** The audiences of a token. It is not verified here: the API does that. */
function audiences(accessToken: string): string[] {
  return [decodeJwt(accessToken).aud ?? []].flat();
}

/** An API's answer. */
export interface CallResult {
  readonly status: number;
  /** Parsed if it is JSON, else text. */
  readonly body: unknown;
  /** The challenge of a 401, if the API sent one. */
  readonly wwwAuthenticate?: string;
}

export function call(environment: Environment, clientId: string, online: boolean): Promise<CallResult> {
  return as(environment, clientId, async (machine) => {
    const response = await machine.fetch(online ? `${environment.api}/online` : environment.api);
    const challenge = response.headers.get("www-authenticate");
    const wwwAuthenticate = challenge === null ? undefined : plainLine(challenge);
    return { status: response.status, body: parse(await response.text()), wwwAuthenticate };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The same call by the Bash client; its output is the result. */
export async function callByBash(environment: Environment, clientId: string, online: boolean) {
  const {
    keyFile,
    algorithm = "",
    issuer,
    connectTo,
    allowInsecureHttp,
    dpop,
    tls = {},
  } = machineOptions(environment, clientId);
  if (dpop) {
    throw new ToolError(
      "call-failed",
      `the tokens of ${clientId} are bound to a key, and the Bash client sends no DPoP proof; leave out --bash`,
    );
  }
  const result = await execa("bash", [packageFile("call.sh"), ...(online ? ["--online"] : [])], {
    reject: false,
    timeout: 60_000,
    stdin: "ignore",
    env: {
      CLIENT_ID: clientId,
      KEY_FILE: keyFile,
      ALGORITHM: algorithm,
      ISSUER: issuer,
      API: environment.api,
      CONNECT_TO: connectTo,
      ALLOW_INSECURE_HTTP: String(allowInsecureHttp),
      TLS_CA_FILE: tls.caFile ?? "",
      TLS_CERTIFICATE_FILE: tls.certificateFile ?? "",
      TLS_KEY_FILE: tls.keyFile ?? "",
    },
  });
  if (result.failed)
    throw new ToolError("call-failed", result.stderr?.trim() || result.shortMessage || "call.sh failed");
  return result.stdout;
}
