import { resolve } from "node:path";
import { type Output, ToolError } from "../output";
import type { Project, Stack } from "../project/project";
import { localStates } from "../project/state";
import { chooseClient, DEFAULT_CALLER, defaultCaller, type Where } from "./choose-client";
import { type DeclaredClient, declaredClients, synthesizedStacks } from "./declared-clients";
import { type Environment, readEnvironment, readIssuer } from "./environment";
import { connectToOf, declaredApi } from "./reach";

/** Who is to do something, and what is known of it already. */
export interface Wanted extends Where {
  /** The caller of the article, or the only client, if nobody is named. */
  readonly clientId?: string;
  /** The private key, where the project does not know it. */
  readonly "key-file"?: string;
  /** The API to call; that of the project, if none is given. */
  readonly url?: string;
  /** Whether an API is called at all. */
  readonly calls: boolean;
}

/** Options of commands that sign in as a client. */
export const KEY_FILE = {
  "key-file": { value: "FILE", help: "the private key, for a client whose key was made elsewhere" },
} as const;

/** Somebody who can sign in, and by what. */
export interface Caller {
  readonly clientId: string;
  readonly environment: Environment;
}

/**
 * What a client of the project signs in and calls with: by the outputs of the state where they know the client, which takes
 * no synthesis, or else by what is declared.
 */
export async function findCaller(project: Project, out: Output, wanted: Wanted): Promise<Caller> {
  const isAsked = (["stack", "realm", "key-file"] as const).some((name) => wanted[name] !== undefined);
  const deployed = isAsked ? undefined : byOutputs(project, wanted);
  if (deployed) return deployed;
  const stacks = await synthesizedStacks(project, out);
  const all = declaredClients(project, stacks);
  const client = chooseClient(all, wanted.clientId ?? defaultCaller(all), wanted);
  const api = wanted.calls ? (wanted.url ?? outputApi(project, client) ?? declaredApi(client, stacks)) : "";
  const keyFile = wanted["key-file"] === undefined ? client.keyFile : resolve(wanted["key-file"]);
  return { clientId: client.clientId, environment: environmentOf(client, stacks, keyFile, api) };
}

function byOutputs(project: Project, { clientId = DEFAULT_CALLER, url, calls }: Wanted): Caller | undefined {
  try {
    const read = calls && url === undefined ? readEnvironment : readIssuer;
    const environment = read(project, localStates(project));
    if (environment.keyFiles[clientId] === undefined) return undefined;
    return { clientId, environment: { ...environment, ...(url !== undefined && { api: url }) } };
  } catch (error) {
    if (error instanceof ToolError && error.code === "not-deployed") return undefined; // no such outputs
    throw error;
  }
}

/** The API of the outputs, for a client that they do not know. */
function outputApi(project: Project, { realm }: DeclaredClient): string | undefined {
  const found = localStates(project).map(({ outputs }) => outputs);
  const value = (name: string) => found.flatMap((outputs) => (outputs[name] ? [outputs[name].value] : []))[0];
  const api = value("api");
  return value("issuer") === realm.issuer && typeof api === "string" ? api : undefined;
}

function environmentOf(
  client: DeclaredClient,
  stacks: readonly Stack[],
  keyFile: string | undefined,
  api: string,
): Environment {
  const { clientId, realm, tls, algorithm } = client;
  if (keyFile === undefined) {
    throw new ToolError(
      "key-unknown",
      `where the private key of ${clientId} is, is not known here: its public keys alone are declared; give its file by --key-file`,
    );
  }
  return {
    issuer: realm.issuer,
    api,
    connectTo: connectToOf(client, stacks),
    keyFiles: { [clientId]: keyFile },
    algorithms: { [clientId]: algorithm },
    tls: Object.keys(tls).length > 0 ? { [clientId]: tls } : {},
    dpopBound: client.isDpopBound ? [clientId] : [],
    certificateBound: client.isCertificateBound ? [clientId] : [],
  };
}
