import { parseArgs } from "node:util";
import { callApi, printToken } from "./commands/call";
import { diff } from "./commands/diff";
import { doctor } from "./commands/doctor";
import { down } from "./commands/down";
import { printEnvironment } from "./commands/env";
import { keys } from "./commands/keys";
import { logs } from "./commands/logs";
import { switchProvider } from "./commands/provider";
import { test } from "./commands/test";
import { up } from "./commands/up";
import { createOutput, type Output, ToolError } from "./output";
import { packageVersion } from "./package-files";
import { openProject } from "./project/project";
import { openSession } from "./session";

const HELP = `Usage: m2m COMMAND [OPTIONS]

  up [--new-keys]              stand the environment up, or repair it; ends with machine-a's call answered
  diff [--new-keys]            show what up would change; exit code 0: nothing, 2: changes, 1: error
  call [CLIENT_ID]             machine-a, or another client, calls the protected API
       [--bash] [--online]     by the Bash client; with verification by introspection
  token CLIENT_ID              print an access token of the client
  down [--yes]                 destroy all that up made; asks, unless --yes is given
  logs [--follow] [--tail N]   the last N (100) lines of the containers' logs
  doctor                       each prerequisite: found, or how to get it
  env                          print exports for a shell: eval "$(m2m env)" makes bare \`npx cdktf\` work as m2m does
  keys [list] [--live] [CLIENT…]  the signing keys of this project; --live: who signs with which
  keys rotate CLIENT…          the next step of a rotation: prepare, activate or retire
       [--auto]                  only where it is due, for cron; --overlap SECONDS (3600) between two steps
  keys prepare|activate|retire|revoke CLIENT…
       [--all] [--dry-run]
       [--key KID] [--force]                   activate, retire; revoke --key KID
       [--algorithm ALG] [--certificate FILE]  of the key to prepare
  provider [registry|embedded] print where the Keycloak provider comes from, or switch
  test [--long]                in this project's own checkout: all checks and tests; with many more drawn inputs

  --json                       results for a program, on stdout
  --new-keys                   allow keys that the state knows to be replaced by others
  --help, --version

Progress and warnings go to stderr; progress only to a terminal.`;

const OPTIONS = {
  json: { type: "boolean", default: false },
  "new-keys": { type: "boolean", default: false },
  bash: { type: "boolean", default: false },
  online: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  follow: { type: "boolean", default: false },
  long: { type: "boolean", default: false },
  all: { type: "boolean", default: false },
  auto: { type: "boolean", default: false },
  live: { type: "boolean", default: false },
  force: { type: "boolean", default: false },
  "dry-run": { type: "boolean", default: false },
  key: { type: "string" },
  algorithm: { type: "string" },
  certificate: { type: "string" },
  overlap: { type: "string" },
  tail: { type: "string", default: "100" },
  help: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
} as const;

/** How many words may follow each command, and which options it takes beside --json. */
const COMMANDS: Record<string, { words: number; options: readonly (keyof typeof OPTIONS)[] }> = {
  up: { words: 0, options: ["new-keys"] },
  diff: { words: 0, options: ["new-keys"] },
  call: { words: 1, options: ["bash", "online"] },
  token: { words: 1, options: [] },
  down: { words: 0, options: ["yes"] },
  logs: { words: 0, options: ["follow", "tail"] },
  doctor: { words: 0, options: [] },
  env: { words: 0, options: [] },
  keys: {
    words: Number.POSITIVE_INFINITY,
    options: ["all", "auto", "live", "force", "dry-run", "key", "algorithm", "certificate", "overlap"],
  },
  provider: { words: 1, options: [] },
  test: { words: 0, options: ["long"] },
};

async function run(argv: string[], out: Output, interruption: AbortSignal): Promise<number> {
  const { values, positionals, tokens } = parse(argv);
  const [command, ...words] = positionals;
  const [argument] = words;
  if (values.version) return print(packageVersion());
  if (values.help || command === undefined) return print(HELP, command === undefined && !values.help ? 1 : 0);
  checkUsage(
    command,
    tokens.filter((token) => token.kind === "option").map(({ name }) => name),
    words,
  );
  const newKeys = values["new-keys"];
  switch (command) {
    case "up":
      await up(await openSession(out, interruption), { newKeys });
      return 0;
    case "diff":
      return await diff(await openSession(out, interruption), { newKeys });
    case "call":
      await callApi(out, { clientId: argument ?? "machine-a", bash: values.bash, online: values.online });
      return 0;
    case "token":
      if (argument === undefined) throw usage("token needs a CLIENT_ID, e.g. m2m token machine-a");
      await printToken(out, argument);
      return 0;
    case "down":
      await down(openProject(), out, { yes: values.yes }, (needs) => openSession(out, interruption, needs));
      return 0;
    case "logs":
      await logs(openProject(), out, { follow: values.follow, tail: lines(values.tail) });
      return 0;
    case "doctor":
      return await doctor(out);
    case "env":
      await printEnvironment(out);
      return 0;
    case "keys":
      return await keys(words, { ...values, dryRun: values["dry-run"] }, out, interruption);
    case "provider":
      await switchProvider(out, argument);
      return 0;
    default:
      return await test(await openSession(out, interruption), { long: values.long });
  }
}

function parse(argv: string[]) {
  try {
    return parseArgs({ args: argv, options: OPTIONS, allowPositionals: true, tokens: true });
  } catch (error) {
    // Node.js goes on with advice on dashes, which is of use for a value that begins with one, as a key id may.
    const [problem = ""] = (error as Error).message.split(/\.\n|\. To specify/);
    const option = /^Option '(--[\w-]+)[^']*' argument is ambiguous/.exec(problem)?.[1];
    throw usage(option ? `${option} needs a value; one that begins with a dash is written ${option}=VALUE` : problem);
  }
}

function checkUsage(command: string, given: readonly string[], words: readonly string[]): void {
  const allowed = COMMANDS[command];
  if (!allowed) throw usage(`there is no command ${JSON.stringify(command)}`);
  const foreign = given.filter((name) => name !== "json" && !(allowed.options as readonly string[]).includes(name));
  if (foreign.length > 0) throw usage(`${command} takes no --${foreign[0]}`);
  if (words.length > allowed.words) {
    throw usage(`${command} takes ${allowed.words === 0 ? "no argument" : "one argument"}, got: ${words.join(" ")}`);
  }
}

function lines(text: string): number {
  if (!/^\d+$/.test(text)) throw usage(`--tail must be a number of lines, got: ${text}`);
  return Number(text);
}

function usage(message: string): ToolError {
  return new ToolError("usage", `${message}; see m2m --help`);
}

function print(text: string, exitCode = 0): number {
  (exitCode === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  return exitCode;
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const out = createOutput(argv.includes("--json"));
  // Ctrl-C reaches the programs that were started too: they stop in order, and this one reports how.
  const interruption = new AbortController();
  process.on("SIGINT", () => interruption.abort());
  try {
    process.exitCode = await run(argv, out, interruption.signal);
  } catch (error) {
    const { code = "failed", message } = interruption.signal.aborted
      ? { code: "interrupted", message: `interrupted: ${(error as Error).message}` }
      : (error as { code?: string; message: string });
    if (out.json) out.result("", { error: { code, message } });
    else out.warn(`m2m: ${message}`);
    process.exitCode = 1;
  }
  if (interruption.signal.aborted) process.exit(130); // whatever is still asked for, nobody waits for the answer
}

void main();
