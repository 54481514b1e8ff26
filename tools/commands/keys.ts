import { readFileSync } from "node:fs";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
import { readCertificate } from "../../constructs/keys/certificate";
import { KeyError } from "../../constructs/keys/errors";
import { readPassphrase } from "../../machines/settings";
import {
  type ActionOptions,
  activateAction,
  type Outcome,
  prepareAction,
  retireAction,
  revokeAction,
  rotateAction,
} from "../keys/actions";
import { findPairs } from "../keys/find";
import { listPair, printPairs } from "../keys/list";
import type { KeyUse } from "../keys/live-use";
import type { Pair } from "../keys/pairs";
import { oneAtATime } from "../keys/settle";
import { liveUses } from "../keys/still-used";
import { type Output, ToolError } from "../output";
import { openProject } from "../project/project";

/** What follows `m2m keys`, as it was given. */
export interface KeysOptions {
  readonly all: boolean;
  readonly auto: boolean;
  readonly live: boolean;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly key?: string;
  readonly algorithm?: string;
  readonly certificate?: string;
  /** Seconds. */
  readonly overlap?: string;
}

const ACTIONS = {
  prepare: prepareAction,
  activate: activateAction,
  retire: retireAction,
  revoke: revokeAction,
  rotate: rotateAction,
} as const;

/** How many keys are made at the same time: as many as Node.js has threads for that. */
const AT_ONCE = 4;
const DAY_MS = 86_400_000;

/** Lists keys, or moves them on in their life. */
export async function keys(
  words: readonly string[],
  options: KeysOptions,
  out: Output,
  interruption: AbortSignal,
): Promise<number> {
  const [action = "list", ...names] = words;
  if (action !== "list" && !Object.hasOwn(ACTIONS, action)) {
    throw usage(`there is no keys ${action}; it is list, ${Object.keys(ACTIONS).join(", ")}`);
  }
  if (options.all && names.length > 0) throw usage("--all and names exclude each other");
  if (action !== "list" && !options.all && names.length === 0) throw usage(`keys ${action} needs a CLIENT, or --all`);
  refuseForeign(action, options);
  if (options.certificate !== undefined && names.length !== 1) throw usage("--certificate is for one CLIENT");
  const chosen = actionOptions(options);
  const project = openProject();
  const changes = action !== "list" && !options.dryRun;
  const work = async () => {
    // A list says what is wrong, and a revocation depends on nothing but its own pair.
    const search = { names, changes, goesOn: action === "list" || action === "revoke" };
    const { pairs, all, isComplete } = await findPairs(project, search, out, interruption);
    if (chosen.certificate) refuseShared(pairs[0]!, all, chosen.certificate);
    if (action === "list") return Math.max(await list(pairs, options.live, out), isComplete ? 0 : 1);
    return await act(action as keyof typeof ACTIONS, pairs, chosen, out);
  };
  return changes ? await oneAtATime(project, out, work) : await work();
}

/** Options that some actions alone take. What is not heeded is to be known: a revocation takes no key made elsewhere. */
const TAKEN_BY = {
  key: ["activate", "retire", "revoke"],
  algorithm: ["prepare", "rotate"],
  certificate: ["prepare", "rotate"],
  auto: ["rotate"],
  overlap: ["rotate"],
  live: ["list"],
  force: ["activate", "retire"],
  "dry-run": Object.keys(ACTIONS),
} as const;

function refuseForeign(action: string, options: KeysOptions): void {
  const given = { ...options, "dry-run": options.dryRun };
  for (const [name, actions] of Object.entries(TAKEN_BY) as [keyof typeof TAKEN_BY, readonly string[]][]) {
    if (given[name] && !actions.includes(action)) throw usage(`keys ${action} takes no --${name}`);
  }
}

async function list(pairs: readonly Pair[], live: boolean, out: Output): Promise<number> {
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
  out.result(printPairs(readable), readable);
  return readable.length === pairs.length ? 0 : 1;
}

async function known(pair: Pair, since: Date, out: Output): Promise<KeyUse[] | string> {
  const uses = await liveUses(pair, since, false).catch((error: Error) => error.message);
  if (Array.isArray(uses)) return uses;
  const why = uses ?? "its realm keeps no login events";
  out.warn(`${pair.name}: who signs with which key is not known: ${why}`);
  return why;
}

/**
 * A failure of one pair keeps no other from its change; all are told in the order of their names. Gives the exit code of
 * what `--json` prints: both.
 */
async function act(name: keyof typeof ACTIONS, pairs: readonly Pair[], options: Given, out: Output) {
  const outcomes: Outcome[] = [];
  const failures: { name: string; code: string; message: string }[] = [];
  const rest = [...pairs];
  const worker = async () => {
    for (let pair = rest.shift(); pair; pair = rest.shift()) {
      try {
        outcomes.push(await ACTIONS[name](pair, { ...options, now: new Date(), notice: out.warn }));
      } catch (error) {
        const { code = "failed", message } = error as ToolError;
        // Key material speaks of files and keys; which pair it is about, the person has to be told.
        const named = error instanceof KeyError ? `${pair.name}: ${message}` : message;
        failures.push({ name: pair.name, code, message: named });
      }
      if (pairs.length > 1) out.say(`${outcomes.length + failures.length} of ${pairs.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const order = (one: { name: string }, two: { name: string }) => (one.name < two.name ? -1 : 1);
  const [only] = failures;
  if (pairs.length === 1 && only) throw new ToolError(only.code, only.message);
  const text = outcomes.sort(order).map((outcome) => `${outcome.name}: ${outcome.said}${then(outcome)}`);
  out.result(text.join("\n"), { outcomes, failures: failures.sort(order) });
  if (failures.length === 0) return 0;
  if (out.json) return 1;
  throw new ToolError("keys-failed", failures.map((failure) => failure.message).join("\n"));
}

/** Whoever has the key of another pair could sign in as its machines. */
function refuseShared(
  { name, files }: Pair,
  all: readonly Pair[],
  { pem, file }: NonNullable<Given["certificate"]>,
): void {
  const { kid } = readCertificate(pem, file, { replace: "give another certificate" });
  const other = all.find(
    (pair) => pair.files.record !== files.record && pair.record.keys.some((entry) => entry.kid === kid),
  );
  if (!other) return;
  throw new ToolError(
    "key-shared",
    `${name}: ${file} has key ${kid}, which is of ${other.name}; make a key for each machine`,
  );
}

function then({ next }: Outcome): string {
  return next === undefined ? "" : `\n  next: ${next}`;
}

type Given = Omit<ActionOptions, "now" | "notice">;

function actionOptions(options: KeysOptions): Given {
  const { key, algorithm, certificate, overlap = "3600" } = options;
  if (algorithm !== undefined && !SIGNING_ALGORITHMS.includes(algorithm as SigningAlgorithm)) {
    throw usage(`--algorithm must be one of ${SIGNING_ALGORITHMS.join(", ")}, got: ${algorithm}`);
  }
  if (!/^\d{1,8}$/.test(overlap)) throw usage(`--overlap must be a number of seconds, got: ${overlap}`);
  if (options.overlap !== undefined && !options.auto) throw usage("--overlap is for keys rotate --auto");
  if (key !== undefined && !/^[\w-]{8,64}$/.test(key)) {
    throw usage(`--key must be a key id, or eight characters or more of its beginning, got: ${key}`);
  }
  return {
    passphrase: readPassphrase(process.env),
    kid: key,
    force: options.force,
    dryRun: options.dryRun,
    overlapMs: options.auto ? Number(overlap) * 1000 : 0,
    whenDue: options.auto,
    algorithm: algorithm as SigningAlgorithm | undefined,
    certificate: certificate === undefined ? undefined : { file: certificate, pem: readPem(certificate) },
  };
}

/** Read once, as it may come from a pipe. */
function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ToolError("usage", `--certificate must name a certificate in PEM, got: ${file} (${code})`);
  }
}

function usage(message: string): ToolError {
  return new ToolError("usage", `${message}; see m2m --help`);
}
