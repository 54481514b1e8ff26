import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { runCommand } from "../../../tools/cli/run";
import { COMMANDS } from "../../../tools/commands";
import { answerCompletion } from "../../../tools/commands/complete";
import { recordOutput } from "../parts";

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "log").mockImplementation((text) => void printed.push(String(text)));
});
afterEach(() => void vi.restoreAllMocks());

/** What is offered after some words; the last of them is begun. */
function offered(...words: string[]): string[] {
  answerCompletion(words, COMMANDS);
  return printed.splice(0).flatMap((line) => (line.startsWith(":") ? [] : [line.split("\t")[0]!]));
}

describe("completion", () => {
  it("offers the commands, each once", () => {
    expect(offered("")).toEqual(expect.arrayContaining(["up", "diff", "keys", "complete"]));
    expect(offered("ke")).toEqual(["keys"]);
    expect(offered("keys", "r")).toEqual(["retire", "revoke", "rotate"]);
  });

  it("offers the options of a command, and no other's", () => {
    const common = ["--json", "--color", "--directory", "--help", "--version"];
    expect(offered("who-can", "--")).toEqual(["--live", "--html", ...common]);
    expect(offered("who-can", "--color", "")).toEqual(["auto", "always", "never"]);
    expect(offered("keys", "rotate", "--au")).toEqual(["--auto"]);
    expect(offered("keys", "list", "--au")).toEqual([]);
  });

  it("offers the words and values that are known", () => {
    expect(offered("provider", "")).toEqual(["registry", "embedded"]);
    expect(offered("keys", "prepare", "--algorithm", "E")).toEqual(["ES256", "ES384", "ES512", "EdDSA"]);
  });
});

it.each(["bash", "zsh", "fish"])("a script for %s calls this program", async (shell) => {
  await runCommand(["complete", shell], COMMANDS, recordOutput(), new AbortController().signal);
  const script = printed.join("\n");
  expect(script).toContain(`'${process.execPath}' '${process.argv[1]}' complete -- `);
  if (shell === "bash") execFileSync("bash", ["-n"], { input: script });
});
