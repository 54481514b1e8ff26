import { readFileSync } from "node:fs";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
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
import { listPair, printPairs } from "../keys/list";
import type { KeyUse } from "../keys/live-use";
import { choosePairs, type Pair, readPairs } from "../keys/pairs";
import { oneAtATime } from "../keys/settle";
import { liveUses } from "../keys/still-used";
import { type Output, ToolError } from "../output";
import { openProject, type Project, type Stack } from "../project";
import { openSession, terraform } from "../session";
import { localStateFile, readState, type State } from "../state";
import { synthesize } from "../synth";

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
    const stacks = await declared(project, out, changes);
    const pairs = await withStates(project, stacks, action === "revoke", out, interruption);
    const wanted = names.length === 0 ? pairs : choosePairs(pairs, names);
    if (action === "list") return await list(wanted, options.live, out);
    return await act(action as keyof typeof ACTIONS, wanted, chosen, out);
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

/** The synthesized stacks; what changes nothing makes no key either. */
async function declared(project: Project, out: Output, changes: boolean): Promise<Stack[]> {
  out.say("synthesizing");
  // What the app warns of is for those who deploy; here, and in cron, it would be said at every step.
  const withoutWarnings: Output = { ...out, warn: (text) => void (text.startsWith("warning: ") || out.warn(text)) };
  const createKeys = changes ? "outside CI" : "never";
  return await synthesize(project, withoutWarnings, { createKeys, reissue: false, newKeys: false });
}

/**
 * The pairs with what is deployed of them. Where it `isUrgent`, a state that cannot be read holds up nothing here: it counts
 * as one that knows nothing, which is refused where it would lock Terraform out.
 */
async function withStates(
  project: Project,
  stacks: readonly Stack[],
  isUrgent: boolean,
  out: Output,
  interruption: AbortSignal,
): Promise<Pair[]> {
  const states = new Map<string, State>();
  for (const stack of stacks) {
    try {
      states.set(stack.name, await stateOf(stack, out, interruption));
    } catch (error) {
      if (!isUrgent || interruption.aborted) throw error;
      out.warn(`what is deployed of stack ${stack.name} is not known: ${(error as Error).message}`);
    }
  }
  return readPairs(project, stacks, states);
}

async function stateOf(stack: Stack, out: Output, interruption: AbortSignal): Promise<State> {
  const file = localStateFile(stack);
  if (file) return readState(file);
  const tool = terraform(await openSession(out, interruption, { docker: false, images: false }), stack);
  await tool.init();
  return await tool.state();
}

async function list(pairs: readonly Pair[], live: boolean, out: Output): Promise<number> {
  const since = new Date(Date.now() - DAY_MS);
  const listed = await Promise.all(
    pairs.map(async (pair) => {
      return listPair(pair, live ? await known(pair, since, out) : undefined);
    }),
  );
  out.result(printPairs(listed), listed);
  return 0;
}

async function known(pair: Pair, since: Date, out: Output): Promise<KeyUse[] | undefined> {
  let why = "its realm keeps no login events";
  const uses = await liveUses(pair, since, false).catch((error: Error) => {
    why = error.message;
    return undefined;
  });
  if (!uses) out.warn(`${pair.name}: who signs with which key is not known: ${why}`);
  return uses;
}

/**
 * A failure of one pair keeps no other from its change; all are told in the order of their names. Gives the exit code of
 * what `--json` prints: both.
 */
async function act(
  name: keyof typeof ACTIONS,
  pairs: readonly Pair[],
  options: Omit<ActionOptions, "now">,
  out: Output,
) {
  const outcomes: Outcome[] = [];
  const failures: { name: string; code: string; message: string }[] = [];
  const rest = [...pairs];
  const worker = async () => {
    for (let pair = rest.shift(); pair; pair = rest.shift()) {
      try {
        outcomes.push(await ACTIONS[name](pair, { ...options, now: new Date() }));
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

function then({ next }: Outcome): string {
  return next === undefined ? "" : `\n  next: ${next}`;
}

function actionOptions(options: KeysOptions): Omit<ActionOptions, "now"> {
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
