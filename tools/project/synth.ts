import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { type KeySwitches, keySwitches } from "../../constructs/contract/key-switches";
import { NOTICES_AS_JSON, type Notice, noticeIn, sentence } from "../../constructs/contract/notices";
import { type Output, ToolError } from "../output";
import type { Show } from "../progress";
import { knownKeys } from "./known-keys";
import { isRemark, type Project, readStacks } from "./project";
import { refuseLostKeys, type Synthesis } from "./refuse-other-keys";
import { localStates } from "./state";

export interface SynthOptions extends Pick<KeySwitches, "createKeys" | "reissue" | "switchesKeys" | "renewal"> {
  /** Allow keys that the state knows under another kid to be replaced. */
  readonly newKeys: boolean;
}

/**
 * Runs the app of `cdktf.json` as `cdktf synth` does, without the seconds that the CLI itself takes. Refuses a result that
 * would replace a key unasked, as far as the states beside `cdktf.json` tell. The others can be read only now that it is
 * known where they are: see `declared` of `session.ts`.
 */
export async function synthesize(project: Project, out: Output, options: SynthOptions): Promise<Synthesis> {
  const known = knownKeys(localStates(project));
  const before = lastSynthesis(project);
  const { newKeys, ...switches } = options;
  const env = keySwitches({ ...switches, known: newKeys ? undefined : known });
  const made = await out.step("synthesizing", (show) => runApp(project, env, show));
  for (const notice of made) out.warn(sentence(notice)); // for everybody, also where no progress is shown
  // An unchanged manifest is of an earlier synthesis.
  const stacks = lastSynthesis(project) === before ? [] : readStacks(project);
  if (stacks.length === 0) {
    throw new ToolError(
      "synth-failed",
      `\`${project.app}\` made no stack in ${project.outdir}; it has to declare a TerraformStack and end with app.synth()`,
    );
  }
  if (!newKeys) refuseLostKeys(project, { stacks, made }, known);
  for (const remark of stacks.flatMap(({ remarks }) => remarks)) out.warn(remark);
  return { stacks, made };
}

/** The app's remarks are for whoever deploys. With other commands, and in cron, they would come each time. */
export function withoutRemarks(out: Output): Output {
  return { ...out, warn: (text) => void (isRemark(text) || out.warn(text)) };
}

function lastSynthesis(project: Project): number | undefined {
  return statSync(join(project.outdir, "manifest.json"), { throwIfNoEntry: false })?.mtimeMs;
}

/** Gives what the app made of key pairs. */
async function runApp(project: Project, env: Record<string, string>, show: Show): Promise<Notice[]> {
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
    else if (notice.event === "keys-made") show(sentence(notice));
    else made.push(notice);
  }
  const { failed, stdout } = await running;
  if (!failed) return made;
  throw new ToolError("synth-failed", `\`${project.app}\` failed:\n${essence(rest.join("\n") || stdout)}`);
}

/** npx looks into its cache first. A program that is installed can be started at once. */
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
