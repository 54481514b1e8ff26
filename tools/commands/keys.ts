import { readFileSync } from "node:fs";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
import { readCertificate } from "../../constructs/keys/certificate";
import { KeyError } from "../../constructs/keys/errors";
import { readPassphrase } from "../../machines/settings";
import { type Command, command, usage } from "../cli/command";
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

const ALL = { all: { help: "every key pair of the project" } } as const;
const CHANGE = { ...ALL, "dry-run": { help: "say what would be done, and do nothing" } } as const;
const KEY = {
  key: { value: "KID", help: "the key that is meant, or eight characters or more of its beginning" },
} as const;
const FORCE = { force: { help: "do what is refused otherwise" } } as const;
const NEXT_KEY = {
  algorithm: {
    value: "ALG",
    oneOf: SIGNING_ALGORITHMS,
    help: "of the key to prepare; otherwise that of the active one",
  },
  certificate: { value: "FILE", help: "the certificate of a key that was made elsewhere, for one CLIENT" },
} as const;

export const keysCommands: readonly Command[] = [
  command({
    name: "keys list",
    words: "[CLIENT…]",
    help: "the signing keys of this project; keys alone does the same",
    options: { ...ALL, live: { help: "who signs with which, by Keycloak's login events" } },
    run: ({ words, options, out, interruption }) => listKeys(words, options, out, interruption),
  }),
  command({
    name: "keys prepare",
    words: "[CLIENT…]",
    help: "make the key that is to sign next, and publish it beside the active one",
    options: { ...CHANGE, ...NEXT_KEY },
    run: (call) => changeKeys("prepare", call),
  }),
  command({
    name: "keys activate",
    words: "[CLIENT…]",
    help: "have the prepared key sign from now on",
    options: { ...CHANGE, ...KEY, ...FORCE },
    run: (call) => changeKeys("activate", call),
  }),
  command({
    name: "keys retire",
    words: "[CLIENT…]",
    help: "drop the keys that no longer sign",
    options: { ...CHANGE, ...KEY, ...FORCE },
    run: (call) => changeKeys("retire", call),
  }),
  command({
    name: "keys revoke",
    words: "[CLIENT…]",
    help: "have a key refused for good",
    options: { ...CHANGE, ...KEY },
    run: (call) => changeKeys("revoke", call),
  }),
  command({
    name: "keys rotate",
    words: "[CLIENT…]",
    help: "the next step of a rotation: prepare, activate or retire",
    options: {
      ...CHANGE,
      ...NEXT_KEY,
      auto: { help: "only where it is due, for cron" },
      overlap: { value: "SECONDS", help: "between two steps of --auto (3600)" },
    },
    run: (call) => changeKeys("rotate", call),
  }),
];

async function listKeys(
  names: readonly string[],
  { all, live }: { all: boolean; live: boolean },
  out: Output,
  interruption: AbortSignal,
): Promise<number> {
  if (all) refuseNames(names);
  const search = { names, changes: false, goesOn: true }; // a list says what is wrong
  const { pairs, isComplete } = await findPairs(openProject(), search, out, interruption);
  return Math.max(await list(pairs, live, out), isComplete ? 0 : 1);
}

/** What the actions take; each takes some of it. */
interface ChangeOptions {
  readonly all: boolean;
  readonly "dry-run": boolean;
  readonly force?: boolean;
  readonly auto?: boolean;
  readonly key?: string;
  readonly algorithm?: string;
  readonly certificate?: string;
  readonly overlap?: string;
}

interface Change {
  readonly words: readonly string[];
  readonly options: ChangeOptions;
  readonly out: Output;
  readonly interruption: AbortSignal;
}

async function changeKeys(action: keyof typeof ACTIONS, { words: names, options, out, interruption }: Change) {
  if (options.all) refuseNames(names);
  else if (names.length === 0) throw usage(`keys ${action} needs a CLIENT, or --all`);
  if (options.certificate !== undefined && names.length !== 1) throw usage("--certificate is for one CLIENT");
  const chosen = actionOptions(options);
  const project = openProject();
  const changes = !options["dry-run"];
  const work = async () => {
    // A revocation depends on nothing but its own pair.
    const search = { names, changes, goesOn: action === "revoke" };
    const { pairs, all } = await findPairs(project, search, out, interruption);
    if (chosen.certificate) refuseShared(pairs[0]!, all, chosen.certificate);
    return await act(action, pairs, chosen, out);
  };
  return changes ? await oneAtATime(project, out, work) : await work();
}

function refuseNames(names: readonly string[]): void {
  if (names.length > 0) throw usage("--all and names exclude each other");
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

function actionOptions(options: ChangeOptions): Given {
  const { key, algorithm, certificate, overlap = "3600", auto = false, force = false } = options;
  if (!/^\d{1,8}$/.test(overlap)) throw usage(`--overlap must be a number of seconds, got: ${overlap}`);
  if (options.overlap !== undefined && !auto) throw usage("--overlap is for keys rotate --auto");
  if (key !== undefined && !/^[\w-]{8,64}$/.test(key)) {
    throw usage(`--key must be a key id, or eight characters or more of its beginning, got: ${key}`);
  }
  return {
    passphrase: readPassphrase(process.env),
    kid: key,
    force,
    dryRun: options["dry-run"],
    overlapMs: auto ? Number(overlap) * 1000 : 0,
    whenDue: auto,
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
