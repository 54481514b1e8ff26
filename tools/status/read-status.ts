import { monitoringsIn } from "../../constructs/contract/markers";
import { DAY_MS } from "../../constructs/keys/certificate-life";
import { activeOf } from "../../constructs/keys/key-record";
import { type ListedCertificate, listCertificates } from "../certificates/listed";
import { findPairs } from "../keys/find";
import type { Pair } from "../keys/pairs";
import type { Output } from "../output";
import type { Project, Stack } from "../project/project";
import { readServer, type WatchedServer } from "./status";

/** The key that a pair signs with. */
export interface ActiveKey {
  readonly name: string;
  readonly clients: readonly string[];
  readonly kid: string;
  readonly algorithm: string;
  /** Since when it signs: the last rotation. */
  readonly since: string;
  readonly until: string;
  readonly daysLeft: number;
}

/** All that is known now. */
export interface Status {
  readonly at: string;
  readonly servers: readonly WatchedServer[];
  readonly keys: readonly ActiveKey[];
  readonly certificates: readonly ListedCertificate[];
}

/** What a project declares: it is synthesized once, however often its status is read. */
export interface Declared {
  readonly project: Project;
  readonly stacks: readonly Stack[];
  readonly pairs: readonly Pair[];
}

/** Synthesizes, and finds what is declared. */
export async function readDeclared(project: Project, out: Output, interruption: AbortSignal): Promise<Declared> {
  const { pairs, stacks } = await findPairs(project, { names: [], changes: false, goesOn: true }, out, interruption);
  return { project, stacks, pairs };
}

/** Asks every Monitoring, and reads the certificates as they are now. */
export async function readStatus({ project, stacks, pairs }: Declared, out: Output): Promise<Status> {
  const watched = stacks.flatMap(({ json }) => monitoringsIn(json));
  return {
    at: new Date().toISOString(),
    servers: await Promise.all(watched.map(readServer)),
    keys: pairs.map(activeKey),
    certificates: listCertificates(project, stacks, out),
  };
}

function activeKey({ name, clients, record }: Pair): ActiveKey {
  const { kid, algorithm, since, until } = activeOf(record);
  return {
    name,
    clients: clients.map(({ clientId }) => clientId),
    kid,
    algorithm,
    since,
    until,
    daysLeft: Math.round((Date.parse(until) - Date.now()) / DAY_MS),
  };
}
