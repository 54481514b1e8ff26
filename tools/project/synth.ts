import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import type { PairDescription } from "../../constructs/contract/pair-marker";
import { filesOf } from "../../constructs/keys/pair-files";
import { descriptionsOf } from "../keys/pairs";
import { type Output, ToolError } from "../output";
import { type Project, readStacks, type Stack } from "./project";
import { declaredKeys, type KnownKey, knownKeys, localStates } from "./state";

export interface SynthOptions {
  /** Whether keys that are not there are made: even where `CI` is set, where it is not, or nowhere. */
  readonly createKeys: "always" | "outside CI" | "never";
  /** Allow keys that the state knows under another kid to be replaced. */
  readonly newKeys: boolean;
  /** Issue expired certificates again. */
  readonly reissue: boolean;
}

/**
 * Runs the app of `cdktf.json` as `cdktf synth` does, without the seconds that the CLI itself costs, and refuses a
 * result that would replace a key unasked.
 */
export async function synthesize(project: Project, out: Output, options: SynthOptions): Promise<Stack[]> {
  const known = knownKeys(localStates(project));
  const before = lastSynthesis(project);
  await runApp(project, out, {
    ...(options.createKeys !== "outside CI" && { M2M_CREATE_KEYS: String(options.createKeys === "always") }),
    ...(options.reissue && { M2M_REISSUE_CERTIFICATES: "true" }),
    ...(!options.newKeys && { M2M_KNOWN_KEYS: known.map(knownKey).join(",") }),
  });
  // What an earlier synthesis left is not this app's word.
  const stacks = lastSynthesis(project) === before ? [] : readStacks(project);
  if (stacks.length === 0) {
    throw new ToolError(
      "synth-failed",
      `\`${project.app}\` ended without a stack in ${project.outdir}; it has to declare a TerraformStack and end with app.synth()`,
    );
  }
  if (!options.newKeys) {
    refuseOtherKeys(known, declaredKeys(stacks), stacks.flatMap(descriptionsOf));
    refuseLostRecord(project, known, stacks);
  }
  for (const warning of stacks.flatMap(({ warnings }) => warnings)) out.warn(`warning: ${warning}`);
  return stacks;
}

function lastSynthesis(project: Project): number | undefined {
  return statSync(join(project.outdir, "manifest.json"), { throwIfNoEntry: false })?.mtimeMs;
}

/** As `SigningKeyPair` reads it. */
function knownKey({ stack, name, kid }: KnownKey): string {
  return `${stack}/${name}/${kid}`;
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
function refuseLostRecord(project: Project, known: readonly KnownKey[], stacks: readonly Stack[]): void {
  for (const pair of stacks.flatMap(descriptionsOf)) {
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
      CDKTF_OUTDIR: project.outdir,
      CDKTF_CONTEXT_JSON: JSON.stringify({ cdktfJsonPath: join(project.folder, "cdktf.json"), ...project.context }),
    },
  });
  for await (const line of running.iterable({ from: "stderr" })) if (/^\d+ of \d+ keys made$/.test(line)) out.say(line);
  const result = await running;
  // Notices of keys made are for everybody; npm's own remarks are not.
  for (const line of result.stderr.split("\n").filter((text) => /^(made|issued) the /.test(text))) out.warn(line);
  if (!result.failed) return;
  throw new ToolError("synth-failed", `\`${project.app}\` failed:\n${essence(result.stderr || result.stdout)}`);
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
