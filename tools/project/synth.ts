import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type KeySwitches, keySwitches } from "../../constructs/contract/key-switches";
import { type PairDescription, pairsIn } from "../../constructs/contract/markers";
import { NOTICES_AS_JSON, type Notice, noticeIn, sentence } from "../../constructs/contract/notices";
import { filesOf } from "../../constructs/keys/pair-files";
import { type Output, ToolError } from "../output";
import { type Project, readStacks, type Stack } from "./project";
import { declaredKeys, type KnownKey, knownKeys, localStates } from "./state";

export interface SynthOptions extends Pick<KeySwitches, "createKeys" | "reissue"> {
  /** Allow keys that the state knows under another kid to be replaced. */
  readonly newKeys: boolean;
}

/**
 * Runs the app of `cdktf.json` as `cdktf synth` does, without the seconds that the CLI itself costs, and refuses a
 * result that would replace a key unasked.
 */
export async function synthesize(project: Project, out: Output, options: SynthOptions): Promise<Stack[]> {
  const known = knownKeys(localStates(project));
  const before = lastSynthesis(project);
  const { createKeys, reissue, newKeys } = options;
  await runApp(project, out, keySwitches({ createKeys, reissue, known: newKeys ? undefined : known }));
  // What an earlier synthesis left is not this app's word.
  const stacks = lastSynthesis(project) === before ? [] : readStacks(project);
  if (stacks.length === 0) {
    throw new ToolError(
      "synth-failed",
      `\`${project.app}\` ended without a stack in ${project.outdir}; it has to declare a TerraformStack and end with app.synth()`,
    );
  }
  if (!newKeys) {
    const pairs = stacks.flatMap(({ json }) => pairsIn(json));
    refuseOtherKeys(known, declaredKeys(stacks), pairs);
    refuseLostRecord(project, known, pairs);
  }
  for (const warning of stacks.flatMap(({ warnings }) => warnings)) out.warn(`warning: ${warning}`);
  return stacks;
}

function lastSynthesis(project: Project): number | undefined {
  return statSync(join(project.outdir, "manifest.json"), { throwIfNoEntry: false })?.mtimeMs;
}

/** Keys of one pair's record follow one another by the commands that keep it; any other would lock a machine out. */
function refuseOtherKeys(
  known: readonly KnownKey[],
  declared: readonly KnownKey[],
  pairs: readonly PairDescription[],
): void {
  const areOfOnePair = (...ids: string[]) =>
    pairs.some(({ kids, revoked }) => ids.every((kid) => [...kids, ...revoked].includes(kid)));
  for (const key of declared) {
    const before = known.find(({ stack, address }) => stack === key.stack && address === key.address);
    if (!before || before.kid === key.kid || before.accepted.includes(key.kid)) continue;
    if (!areOfOnePair(before.kid, key.kid)) {
      throw new ToolError(
        "key-replaced",
        `${key.address} of stack ${key.stack} (${key.name}) would get another key: the state knows kid ${before.kid}, its certificate now has ${key.kid}; restore the certificate, or pass --new-keys to replace the key`,
      );
    }
  }
}

/** Where several keys are accepted, a record says so: without it they would go, revocations be forgotten, and nobody have asked. */
function refuseLostRecord(project: Project, known: readonly KnownKey[], pairs: readonly PairDescription[]): void {
  for (const pair of pairs) {
    const { record } = filesOf(project.folder, pair);
    if (existsSync(record)) continue;
    const before = known.find(({ accepted }) => accepted.length > 1 && accepted.some((kid) => pair.kids.includes(kid)));
    if (!before) continue;
    throw new ToolError(
      "record-lost",
      `${record} is not there, and the state knows ${before.accepted.length} keys of ${pair.name}; restore it from version control, or pass --new-keys to have only the key of the certificate accepted`,
    );
  }
}

async function runApp(project: Project, out: Output, env: Record<string, string>): Promise<void> {
  const running = execa(localCommand(project), {
    cwd: project.folder,
    shell: true,
    preferLocal: true,
    localDir: project.folder,
    stdin: "ignore",
    reject: false,
    env: {
      ...env,
      ...NOTICES_AS_JSON,
      CDKTF_OUTDIR: project.outdir,
      CDKTF_CONTEXT_JSON: JSON.stringify({ cdktfJsonPath: join(project.folder, "cdktf.json"), ...project.context }),
    },
  });
  const made: Notice[] = [];
  const rest: string[] = []; // of whoever else writes to stderr, such as npm: of interest after a failure alone
  for await (const line of running.iterable({ from: "stderr" })) {
    const notice = noticeIn(line);
    if (notice === undefined) rest.push(line);
    else if (notice.event === "keys-made") out.say(sentence(notice));
    else made.push(notice);
  }
  const { failed, stdout } = await running;
  for (const notice of made) out.warn(sentence(notice)); // for everybody, also where no progress is shown
  if (!failed) return;
  throw new ToolError("synth-failed", `\`${project.app}\` failed:\n${essence(rest.join("\n") || stdout)}`);
}

/** npx looks up the registry's cache first; what is installed can be started at once. */
function localCommand(project: Project): string {
  const program = /^npx ([\w.-]+)/.exec(project.app)?.[1];
  const installed = program !== undefined && existsSync(join(project.folder, "node_modules", ".bin", program));
  return installed ? project.app.slice("npx ".length) : project.app;
}

/** The error itself, without the stack trace that Node.js prints around it. */
function essence(stderr: string): string {
  const lines = stderr.split("\n");
  const start = lines.findIndex((line) => /^\S*Error(:| \[)|^[A-Za-z]*Error: /.test(line));
  if (start < 0) return stderr.trim();
  const end = lines.findIndex((line, index) => index > start && /^\s+at /.test(line));
  return lines
    .slice(start, end < 0 ? undefined : end)
    .join("\n")
    .trim();
}
