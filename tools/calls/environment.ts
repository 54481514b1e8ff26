import { resolve } from "node:path";
import { type DeclaredAlgorithm, isCertificateBound, isDpopBound } from "../../constructs/contract/client-keys";
import { type MachineOutputs, machineOutputs, type TlsFiles } from "../../constructs/contract/outputs";
import { ENCRYPTED, keyIdInFile } from "../../constructs/keys/private-key";
import { quoted } from "../../constructs/keys/shown";
import type { MachineOptions } from "../../machines/calling/open-machine";
import type { TlsOptions } from "../../machines/calling/tls-options";
import { readPassphrase } from "../../machines/settings";
import { ToolError } from "../output";
import { boundClients, declaredAlgorithms } from "../project/known-keys";
import type { Project } from "../project/project";
import type { State } from "../project/state";

/** What a deployed environment tells its machines. */
export interface Environment {
  readonly issuer: string;
  readonly api: string;
  readonly connectTo: string;
  readonly keyFiles: Readonly<Record<string, string>>;
  /** What each client is declared to sign with, as far as the state says. */
  readonly algorithms: Readonly<Record<string, DeclaredAlgorithm>>;
  /** The files for TLS of clients that have some. */
  readonly tls: Readonly<Record<string, TlsOptions>>;
  /** Clients whose tokens are bound to a key of the machine. */
  readonly dpopBound: readonly string[];
  /** Clients whose tokens are bound to their certificate. */
  readonly certificateBound: readonly string[];
}

/** The outputs that make an environment. Only a call needs `api`. */
const OUTPUTS = ["issuer", "api", "connect_to", "key_files"] as const;

/** The environment that the states' outputs describe. */
export function readEnvironment(
  project: Project,
  states: readonly State[],
  names: readonly (keyof MachineOutputs)[] = OUTPUTS,
): Environment {
  const outputs = machineOutputs(Object.assign({}, ...states.map((state) => state.outputs)), names);
  if ("missing" in outputs) {
    throw new ToolError(
      "not-deployed",
      `the state has no output ${outputs.missing.join(", ")}; run \`m2m up\` first, or declare the outputs as main.ts does`,
    );
  }
  const { issuer, api = "", connect_to: connectTo, key_files: keyFiles, tls_files: tlsFiles = {} } = outputs;
  const absolute = ([clientId, file]: [string, string]) => [clientId, resolve(project.folder, file)];
  return {
    issuer,
    api,
    connectTo,
    keyFiles: Object.fromEntries(Object.entries(keyFiles).map(absolute)),
    tls: Object.fromEntries(
      Object.entries(tlsFiles).map(([clientId, files]) => [clientId, tlsOptions(project.folder, files)]),
    ),
    algorithms: Object.fromEntries(declaredAlgorithms(states)),
    dpopBound: boundClients(states, isDpopBound),
    certificateBound: boundClients(states, isCertificateBound),
  };
}

function tlsOptions(folder: string, { ca, certificate, key }: Partial<TlsFiles>): TlsOptions {
  return {
    ...(ca !== undefined && { caFile: resolve(folder, ca) }),
    ...(certificate !== undefined &&
      key !== undefined && { certificateFile: resolve(folder, certificate), keyFile: resolve(folder, key) }),
  };
}

/** What a token needs, without an API to call. */
export function readIssuer(project: Project, states: readonly State[]): Environment {
  return readEnvironment(
    project,
    states,
    OUTPUTS.filter((name) => name !== "api"),
  );
}

/** Settings of one machine's requests. */
export function machineOptions(environment: Environment, clientId: string): MachineOptions {
  const { issuer, connectTo, keyFiles, tls, algorithms, dpopBound } = environment;
  const keyFile = keyFiles[clientId];
  if (keyFile === undefined) {
    throw new ToolError(
      "client-unknown",
      `no key of client ${quoted(clientId)} in the output key_files; known: ${Object.keys(keyFiles).join(", ")}`,
    );
  }
  const algorithm = algorithmOf(algorithms[clientId], keyInside(keyFile)); // otherwise the machine's default for such a key
  return {
    clientId,
    keyFile,
    algorithm: algorithm as MachineOptions["algorithm"],
    passphrase: readPassphrase(process.env),
    issuer,
    connectTo,
    dpop: dpopBound.includes(clientId),
    ...(tls[clientId] && { tls: tls[clientId] }),
    allowInsecureHttp: issuer.startsWith("http:"), // only if the environment was declared so
  };
}

/** What a client is declared to sign with by one of its keys, as far as it is said. */
export function algorithmOf({ pinned, ofKey = {} }: Partial<DeclaredAlgorithm> = {}, kid = ""): string | undefined {
  return pinned ?? ofKey[kid];
}

/** The id of the key in a file; `undefined` if it cannot be read. The machine explains that better. */
export function keyInside(keyFile: string): string | undefined {
  try {
    const kid = keyIdInFile(keyFile, readPassphrase(process.env));
    return kid === ENCRYPTED ? undefined : kid;
  } catch {
    return undefined;
  }
}
