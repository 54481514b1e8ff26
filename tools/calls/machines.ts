import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { execa } from "execa";
import { decodeJwt } from "jose";
import { keyIdInFile } from "../../constructs/keys/private-key";
import { type Machine, type MachineOptions, openMachine } from "../../machines/calling/open-machine";
import { readPassphrase } from "../../machines/settings";
import { ToolError } from "../output";
import { packageFile } from "../package-files";
import type { Project } from "../project/project";
import { type DeclaredAlgorithm, declaredAlgorithms, type State } from "../project/state";

/** What a deployed environment tells its machines. */
export interface Environment {
  readonly issuer: string;
  readonly api: string;
  readonly connectTo: string;
  readonly keyFiles: Readonly<Record<string, string>>;
  /** What each client is declared to sign with, as far as the state says. */
  readonly algorithms: Readonly<Record<string, DeclaredAlgorithm>>;
}

/** The outputs that make an environment; only a call needs `api`. */
const OUTPUTS = ["issuer", "api", "connect_to", "key_files"];

/** The environment that the states' outputs describe. */
export function readEnvironment(project: Project, states: readonly State[], names = OUTPUTS): Environment {
  const outputs = Object.assign({}, ...states.map((state) => state.outputs)) as State["outputs"];
  const missing = names.filter((name) => outputs[name] === undefined);
  if (missing.length > 0) {
    throw new ToolError(
      "not-deployed",
      `the state has no output ${missing.join(", ")}; run \`m2m up\` first, or declare the outputs as main.ts does`,
    );
  }
  return {
    issuer: outputs.issuer!.value as string,
    api: (outputs.api?.value ?? "") as string,
    connectTo: outputs.connect_to!.value as string,
    keyFiles: Object.fromEntries(
      Object.entries(outputs.key_files!.value as Record<string, string>).map(([clientId, file]) => [
        clientId,
        resolve(project.folder, file),
      ]),
    ),
    algorithms: Object.fromEntries(declaredAlgorithms(states)),
  };
}

/** What is needed to get a token, where nothing is called. */
export function readIssuer(project: Project, states: readonly State[]): Environment {
  return readEnvironment(
    project,
    states,
    OUTPUTS.filter((name) => name !== "api"),
  );
}

/** Settings of one machine's requests. */
export function machineOptions(environment: Environment, clientId: string): MachineOptions {
  const { issuer, connectTo, keyFiles, algorithms } = environment;
  const keyFile = keyFiles[clientId];
  if (keyFile === undefined) {
    throw new ToolError(
      "client-unknown",
      `no key of client ${JSON.stringify(clientId)} in the output key_files; known: ${Object.keys(keyFiles).join(", ")}`,
    );
  }
  // The environment's own http, on this machine: whoever declares https gets https.
  const { pinned, ofKey = {} } = algorithms[clientId] ?? {};
  const algorithm = pinned ?? ofKey[keyInside(keyFile) ?? ""]; // else what the key is of
  return {
    clientId,
    keyFile,
    algorithm: algorithm as MachineOptions["algorithm"],
    issuer,
    connectTo,
    allowInsecureHttp: issuer.startsWith("http:"),
  };
}

/** The id of the key in a file; nothing where it cannot be read, which the machine says better. */
function keyInside(keyFile: string): string | undefined {
  try {
    return keyIdInFile(keyFile, readPassphrase(process.env));
  } catch {
    return undefined;
  }
}

/** Does something as one machine, whose one attempt tells at once what is wrong. */
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
 * A client to call the API as: one whose key is here and that is not the API itself, whose host name is its client id.
 * Among several it is the first, in alphabetical order, whose token is meant for the API.
 */
export async function chooseCaller(environment: Environment): Promise<string | undefined> {
  const api = new URL(environment.api).hostname;
  const candidates = Object.keys(environment.keyFiles)
    .sort()
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

/** Read, not verified: the API does that. */
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
    const wwwAuthenticate = response.headers.get("www-authenticate") ?? undefined;
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
  const { keyFile, algorithm = "", issuer, connectTo, allowInsecureHttp } = machineOptions(environment, clientId);
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
    },
  });
  if (result.failed)
    throw new ToolError("call-failed", result.stderr?.trim() || result.shortMessage || "call.sh failed");
  return result.stdout;
}
