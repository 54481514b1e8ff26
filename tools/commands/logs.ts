import { execa } from "execa";
import { shown } from "../../constructs/keys/shown";
import { command, usage } from "../cli/command";
import { isThere, runningThings } from "../engines/docker";
import { lastLogLines, logArguments, readable } from "../engines/logs";
import { type Output, ToolError } from "../output";
import { openProject, type Project } from "../project/project";
import { localStates } from "../project/state";

export const logsCommand = command({
  name: "logs",
  help: "the last lines of the containers' and services' logs",
  options: {
    follow: { help: "go on with what is logged from now on" },
    tail: { value: "N", help: "how many lines (100)" },
  },
  async run({ options: { follow, tail = "100" }, out }) {
    if (!/^\d+$/.test(tail)) throw usage(`--tail must be a number of lines, got: ${shown(tail)}`);
    await logs(openProject(), out, { follow, tail: Number(tail) });
    return 0;
  },
});

/** Prints the end of each log, and names containers and services that are gone. */
export async function logs(project: Project, out: Output, options: { follow: boolean; tail: number }): Promise<void> {
  const known = localStates(project).flatMap(runningThings);
  if (known.length === 0) throw new ToolError("not-deployed", "there is no container in the state; run `m2m up` first");
  const all = await Promise.all(known.map(async (one) => ({ ...one, gone: !(await isThere(one, {})) })));
  const there = all.filter(({ gone }) => !gone);
  if (there.length === 0) {
    const names = all.map(({ name }) => name).join(", ");
    throw new ToolError("not-deployed", `no longer there, nor their logs: ${names}; run \`m2m up\` to bring them back`);
  }
  for (const { name } of all.filter(({ gone }) => gone)) {
    out.warn(`no longer there, nor its log: ${name}; run \`m2m up\` to bring it back`);
  }
  if (options.follow) {
    const following = ["--follow", "--tail", String(options.tail)];
    await Promise.all(
      there.map((one) => execa("docker", logArguments(one, following), { stdio: "inherit", reject: false })),
    );
    return;
  }
  const entries = await Promise.all(
    there.map(async (one) => ({ container: one.name, log: await lastLogLines(one, options.tail, {}) })),
  );
  const inText = (log: string) => log.split("\n").map(readable).join("\n");
  out.result(entries.map(({ container, log }) => `==> ${container} <==\n${inText(log)}`).join("\n\n"), entries);
}
