import { X509Certificate } from "node:crypto";
import { DAY_MS, lifeOf, validityOf } from "../../constructs/keys/certificate-life";
import { KeyError } from "../../constructs/keys/errors";
import { listCertificates, printCertificates, timeLeft } from "../certificates/listed";
import { usage } from "../cli/command";
import { type Paint, PLAIN } from "../colour";
import type { Output } from "../output";
import { openProject } from "../project/project";
import { findPairs } from "./find";
import type { KeyUse } from "./live-use";
import { short } from "./outcome";
import { deployedOf, type Pair } from "./pairs";
import { isHere } from "./private-half";
import { isDeployed } from "./steps";
import { liveUses } from "./still-used";

/** One key of a pair, as it is listed. */
export interface ListedKey {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
  readonly since: string;
  readonly until: string;
  /** Days until its certificate ends; below zero for one that has ended. */
  readonly daysLeft: number;
  /** Whether it is in the last third of its life. */
  readonly due: boolean;
  /** Whether Keycloak accepts it, by the state. */
  readonly deployed: boolean;
  /** Whether its private half is on this machine. */
  readonly private: boolean;
  /** Where it was signed with lately; absent where nobody asked or can tell. */
  readonly uses?: readonly { readonly address: string; readonly last: string }[];
}

interface UnknownUse {
  readonly address: string;
  readonly last: string;
  /** What the assertion gave as the first characters of its key's id, if anything. */
  readonly key?: string;
}

export interface ListedPair {
  readonly name: string;
  readonly clients: readonly string[];
  readonly keys: readonly ListedKey[];
  /** Sign-ins by none of these keys: by a key that was dropped since, or by a program that does not say which. */
  readonly unknown?: readonly UnknownUse[];
  /** Why nothing is known of sign-ins that were asked for. */
  readonly whyNotKnown?: string;
}

/** Lists the pairs of some names, or all. Gives the exit code. */
export async function listKeys(
  names: readonly string[],
  { all, live }: { readonly all: boolean; readonly live: boolean },
  out: Output,
  interruption: AbortSignal,
): Promise<number> {
  if (all && names.length > 0) throw usage("--all and names exclude each other");
  const search = { names, changes: false, goesOn: true }; // a list says what is wrong
  const project = openProject();
  const { pairs, stacks, isComplete } = await findPairs(project, search, out, interruption);
  const since = new Date(Date.now() - DAY_MS);
  const listed = await Promise.all(
    pairs.map(async (pair) => {
      try {
        return listPair(pair, live ? await known(pair, since, out) : undefined);
      } catch (error) {
        if (!(error instanceof KeyError)) throw error;
        out.warn(`${pair.name}: ${error.message}`);
        return undefined;
      }
    }),
  );
  const readable = listed.filter((one) => one !== undefined);
  // Certificates have no names of clients; a program asks for them by `certificates list`.
  const certificates = names.length > 0 ? [] : listCertificates(project, stacks, out);
  const rest = certificates.length === 0 ? [] : ["", "certificates", printCertificates(certificates, out.paint)];
  out.result([printPairs(readable, out.paint), ...rest].join("\n"), readable);
  return isComplete && readable.length === pairs.length ? 0 : 1;
}

async function known(pair: Pair, since: Date, out: Output): Promise<KeyUse[] | string> {
  const uses = await liveUses(pair, since, false).catch((error: Error) => error.message);
  if (Array.isArray(uses)) return uses;
  const why = uses ?? "its realm keeps no login events";
  out.warn(`${pair.name}: who signs with which key is not known: ${why}`);
  return why;
}

/** @param live the sign-ins, or why they are not known, where they were asked for */
export function listPair(pair: Pair, live?: readonly KeyUse[] | string): ListedPair {
  const uses = typeof live === "string" ? undefined : live;
  const { name, record, clients } = pair;
  const deployed = deployedOf(pair);
  const usesOf = (wanted: KeyUse["key"]) =>
    uses?.filter(({ key }) => key === wanted).map(({ address, last }) => ({ address, last: last.toISOString() }));
  const keys = record.keys.map(({ certificate, ...facts }) => ({
    ...facts,
    ...lifeLeft(certificate),
    deployed: isDeployed(facts.kid, deployed),
    private: isHere(pair, facts),
    ...(uses && { uses: usesOf(short(facts)) }),
  }));
  const others = uses?.filter(({ key }) => !record.keys.some((entry) => short(entry) === key));
  return {
    name,
    clients: clients.map(({ clientId }) => clientId),
    keys,
    ...(others && { unknown: others.map(unknownUse) }),
    ...(typeof live === "string" && { whyNotKnown: live }),
  };
}

function lifeLeft(certificate: string): Pick<ListedKey, "daysLeft" | "due"> {
  const { leftMs, isDue } = lifeOf(validityOf(new X509Certificate(Buffer.from(certificate, "base64"))));
  return { daysLeft: Math.round(leftMs / DAY_MS), due: isDue };
}

function unknownUse({ address, last, key }: KeyUse): UnknownUse {
  return { address, last: last.toISOString(), ...(key !== undefined && { key }) };
}

export function printPairs(pairs: readonly ListedPair[], paint = PLAIN): string {
  if (pairs.length === 0) return "no key pairs: declare a SigningKeyPair";
  return pairs.map((pair) => printPair(pair, paint)).join("\n");
}

function printPair({ name, clients, keys, unknown }: ListedPair, paint: Paint): string {
  const of = clients.length === 0 ? "no client" : `client ${clients.join(", ")}`;
  const lines = keys.flatMap((key) => [`  ${printKey(key, paint)}`, ...printUses(key)]);
  const rest = (unknown ?? []).length === 0 ? [] : ["  none of these keys", ...unknown!.map(printUse)];
  return [`${name} (${of})`, ...lines, ...rest].join("\n");
}

function printKey(key: ListedKey, paint: Paint): string {
  const { kid, algorithm, state, since } = key;
  const days = `since ${since.slice(0, 10)}, certificate ${timeLeft(key, paint)}`;
  const where = key.deployed ? "deployed" : "not deployed";
  const half = key.private ? "private half here" : "private half not here";
  return `${short({ kid })}  ${algorithm.padEnd(5)}  ${state.padEnd(8)}  ${days}  ${where}, ${half}`;
}

/** Nobody is of interest too: a key that is not used may go, and a machine that should sign does not. */
function printUses({ uses }: ListedKey): string[] {
  if (uses === undefined) return [];
  return uses.length === 0 ? ["            nobody signed in within a day"] : uses.map(printUse);
}

function printUse({ address, last, key }: UnknownUse): string {
  return `            signed in from ${address}, last at ${last.slice(0, 19)}Z${key === undefined ? "" : ` (${key})`}`;
}
