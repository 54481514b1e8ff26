import { mkdtempSync, realpathSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Call, command } from "../../../tools/cli/command";
import { runCommand } from "../../../tools/cli/run";
import { recordOutput } from "../parts";

let calls: [name: string, words: readonly string[], options: object][];
let printed: string[];
beforeEach(() => {
  calls = [];
  printed = [];
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, "write").mockImplementation((text) => printed.push(String(text)) > 0);
  }
});
afterEach(() => void vi.restoreAllMocks());

const noted = (name: string, exitCode = 0) =>
  vi.fn(async ({ words, options }: Call) => {
    calls.push([name, words, options]);
    return exitCode;
  });

const COMMANDS = [
  command({ name: "go", help: "goes", options: { yes: { help: "without asking" } }, run: noted("go") }),
  command({
    name: "say",
    words: "WORD",
    help: "says a word",
    options: { times: { value: "N", help: "how often" }, tone: { value: "TONE", oneOf: ["low", "high"], help: "how" } },
    run: noted("say", 2),
  }),
  command({ name: "turn", words: "[left|right]", oneOf: ["left", "right"], help: "turns", run: noted("turn") }),
  command({ name: "keys list", words: "[KEY…]", help: "lists keys", run: noted("keys list") }),
  command({ name: "keys drop", words: "KEY…", help: "drops keys", run: noted("keys drop") }),
];

const run = (...argv: string[]) => runCommand(argv, COMMANDS, recordOutput(), new AbortController().signal);

describe("a command", () => {
  it("runs by its name, with its words and options, and gives the exit code", async () => {
    expect(await run("go")).toBe(0);
    expect(await run("say", "hello", "--times", "3")).toBe(2);
    expect(calls).toEqual([
      ["go", [], { yes: false }],
      ["say", ["hello"], { times: "3", tone: undefined }],
    ]);
  });

  it("takes options before its name, and --json always", async () => {
    await run("--yes", "--json", "go");
    await run("--times", "3", "say", "hello");
    expect(calls).toEqual([
      ["go", [], { yes: true }],
      ["say", ["hello"], { times: "3", tone: undefined }],
    ]);
  });

  it.each([
    ["before its name, by its letter", "-C", "DIR", "go"],
    ["after it", "go", "-C", "DIR"],
    ["by its long name", "go", "--directory=DIR"],
    ["in one word", "go", "-CDIR"],
  ])("runs in the folder that is given %s", async (_, ...argv) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), "m2m-cli-")));
    const changed = vi.spyOn(process, "chdir").mockImplementation(() => {});
    await run(...argv.map((word) => word.replace("DIR", folder)));
    expect(changed.mock.calls).toEqual([[folder]]);
    expect(calls).toHaveLength(1);
    rmdirSync(folder);
  });

  it("of two words takes the words after both; the first of its kind runs by the first word alone", async () => {
    await run("keys", "drop", "a", "b");
    await run("keys");
    await run("keys", "list", "a");
    expect(calls.map(([name, words]) => [name, words])).toEqual([
      ["keys drop", ["a", "b"]],
      ["keys list", []],
      ["keys list", ["a"]],
    ]);
  });

  it.each([
    [["gone"], 'there is no command "gone"'],
    [["sai"], 'there is no command "sai" (did you mean say?)'],
    [["deploy"], 'there is no command "deploy"'],
    [["help"], 'there is no command "help" (did you mean --help?)'],
    [["sai", "--help"], 'there is no command "sai" (did you mean say?)'],
    [["ke"], 'there is no command "ke" (did you mean keys?)'],
    [["keys", "dorp"], "there is no keys dorp (did you mean keys drop?)"],
    [["say", "a", "--time", "3"], "Unknown option '--time' (did you mean --times?)"],
    [["say", "a", "--color", "blue"], "--color must be one of auto, always, never, got: blue"],
    [["constructor"], 'there is no command "constructor"'],
    [["go", "home"], "go takes no argument, got: home"],
    [["say"], "say needs a WORD"],
    [["say", "a", "b"], "say takes one argument, got: a b"],
    [["say", "a", "--yes"], "say takes no --yes"],
    [["say", "a", "--unknown"], "Unknown option '--unknown'"],
    [["say", "a", "--times"], "Option '--times <value>' argument missing"],
    [["say", "a", "--times", "-1"], "--times needs a value; one that begins with a dash is written --times=VALUE"],
    [["say", "a", "--tone", "flat"], "--tone must be one of low, high, got: flat"],
    [["go", "-C"], "Option '-C, --directory <value>' argument missing"],
    [["go", "-C", "/nowhere/at/all"], '-C must name a folder, got: "/nowhere/at/all" (ENOENT)'],
    [["turn", "back"], "turn must be left or right, got: back"],
    [["keys", "toString"], "there is no keys toString; it is list, drop"],
    [["keys", "drop"], "keys drop needs a KEY…"],
  ])("given as %j is refused, and nothing runs", async (argv, message) => {
    await expect(run(...argv)).rejects.toMatchObject({ code: "usage", message: `${message}; see m2m --help` });
    expect(calls).toEqual([]);
  });
});

describe("help", () => {
  it("of all commands is printed for --help, and is a failure where nothing is asked for", async () => {
    expect(await run("--help")).toBe(0);
    expect(await run()).toBe(1);
    const [asked, unasked] = printed;
    expect(unasked).toBe(asked);
    for (const line of [
      /^ {2}go \[--yes\] +goes$/m,
      /^ {2}keys list \[KEY…\] +lists keys$/m,
      /^ {2}--json +the result/m,
    ]) {
      expect(asked).toMatch(line);
    }
  });

  it("of one command names its words and options", async () => {
    await run("say", "--help");
    expect(printed.join("")).toMatch(/^Usage: m2m say WORD \[OPTIONS\]\n\nSays a word\.\n\n {2}--times N +how often$/m);
    expect(calls).toEqual([]);
  });

  it("of a kind of commands is that of each, and of two words that of one", async () => {
    await run("keys", "--help");
    await run("keys", "drop", "--help");
    expect(printed.map((text) => text.match(/Usage: .*/g))).toEqual([
      ["Usage: m2m keys list [KEY…] [OPTIONS]", "Usage: m2m keys drop KEY… [OPTIONS]"],
      ["Usage: m2m keys drop KEY… [OPTIONS]"],
    ]);
  });
});

it("--version prints the package's", async () => {
  expect(await run("--version")).toBe(0);
  expect(printed.join("")).toMatch(/^\d+\.\d+\.\d+\n$/);
});
