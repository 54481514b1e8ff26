/**
 * Runs an action of `m2m keys` on key pairs. From the command to the files:
 *
 * - `commands/keys.ts` has the commands and their options, whose values `choices.ts` reads. `list.ts` lists the keys.
 * - This file finds the pairs (`find.ts`, `pairs.ts`), runs the action on each and tells what it did (`outcome.ts`).
 * - The actions are `prepare.ts`, `activate.ts`, `retire.ts` and `revoke.ts`. Each refuses what would do harm, has the files
 *   changed, and says what was done. `rotate.ts` runs one of them: `steps.ts` decides which, and when.
 * - They ask whether Terraform could still sign in (`deployer.ts`), whether a machine still signs with a key
 *   (`still-used.ts`, by the login events of `live-use.ts`), and which private halves are here (`private-half.ts`).
 * - `change.ts` changes the files by the rules of `constructs/keys/key-life.ts`. First it ends what a command that crashed
 *   left half done (`leftovers.ts`). `new-key.ts` makes keys, or takes those that were made elsewhere.
 *
 * A `Pair` is read once, while no other command changes keys (`settle.ts`). A change gives the pair as it is afterwards.
 */
import { KeyError } from "../../constructs/keys/errors";
import { readPassphrase } from "../../machines/settings";
import { type Call, usage } from "../cli/command";
import { type Output, ToolError } from "../output";
import { openProject } from "../project/project";
import type { ActionContext } from "./context";
import { findPairs } from "./find";
import { type CertificateFile, refuseShared } from "./new-key";
import type { Outcome } from "./outcome";
import type { Pair } from "./pairs";
import { oneAtATime } from "./settle";

/** Options of every action. */
interface CommonOptions {
  readonly all: boolean;
  readonly "dry-run": boolean;
}

/** What is to be done with each pair. */
export interface Action {
  readonly run: (pair: Pair, context: ActionContext) => Promise<Outcome>;
  /** Of the one pair that is meant, where a key was made elsewhere. */
  readonly certificate?: CertificateFile;
  /** Whether the action goes on if another pair, the app or a state is broken. */
  readonly goesOn?: boolean;
}

interface ActionCall<Options> extends Pick<Call, "words" | "out" | "interruption"> {
  readonly options: Options & CommonOptions;
}

/** Runs an action, as `read` makes it of the options, on the pairs that the words of a command name. Gives the exit code. */
export async function runAction<Options>(
  name: string,
  { words: names, options, out, interruption }: ActionCall<Options>,
  read: (options: Options) => Action,
): Promise<number> {
  if (options.all && names.length > 0) throw usage("--all and names exclude each other");
  if (!options.all && names.length === 0) throw usage(`keys ${name} needs a CLIENT, or --all`);
  const { run, certificate, goesOn = false } = read(options);
  const dryRun = options["dry-run"];
  const context = { passphrase: readPassphrase(process.env), notice: out.warn, waits: true, dryRun };
  const project = openProject();
  const work = async () => {
    const { pairs, all } = await findPairs(project, { names, changes: !dryRun, goesOn }, out, interruption);
    if (certificate) refuseShared(pairs[0]!, all, certificate);
    const results = await runOnEach(pairs, (pair) => run(pair, { ...context, now: new Date() }), out);
    return report(results, out);
  };
  return dryRun ? await work() : await oneAtATime(project, out, work);
}

interface Failure {
  readonly name: string;
  readonly code: string;
  readonly message: string;
}

interface Results {
  readonly outcomes: readonly Outcome[];
  readonly failures: readonly Failure[];
}

/** How many keys are made at the same time: as many as Node.js has threads for that. */
const AT_ONCE = 4;

/** Goes on with the other pairs if one fails. Gives the results in the order of the pairs' names. */
async function runOnEach(pairs: readonly Pair[], run: (pair: Pair) => Promise<Outcome>, out: Output): Promise<Results> {
  const outcomes: Outcome[] = [];
  const failures: Failure[] = [];
  const rest = [...pairs];
  const worker = async () => {
    for (let pair = rest.shift(); pair; pair = rest.shift()) {
      try {
        outcomes.push(await run(pair));
      } catch (error) {
        failures.push(failureOf(pair, error));
      }
      if (pairs.length > 1) out.say(`${outcomes.length + failures.length} of ${pairs.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  const order = (one: { name: string }, two: { name: string }) => (one.name < two.name ? -1 : 1);
  return { outcomes: outcomes.sort(order), failures: failures.sort(order) };
}

/** A `KeyError` names files and keys; the person has to know which pair it is about. */
function failureOf({ name }: Pair, error: unknown): Failure {
  const { code = "failed", message } = error as ToolError;
  return { name, code, message: error instanceof KeyError ? `${name}: ${message}` : message };
}

/** Tells what was done and what failed. Gives the exit code of what `--json` prints: both. */
function report({ outcomes, failures }: Results, out: Output): number {
  const [failure] = failures;
  if (failure && outcomes.length + failures.length === 1) throw new ToolError(failure.code, failure.message);
  out.result(outcomes.map(printOutcome).join("\n"), { outcomes, failures });
  if (!failure) return 0;
  if (out.json) return 1;
  throw new ToolError("keys-failed", failures.map(({ message }) => message).join("\n"));
}

function printOutcome({ name, said, next }: Outcome): string {
  return `${name}: ${said}${next === undefined ? "" : `\n  next: ${next}`}`;
}
