import { execa } from "execa";
import { lastLogLines, stateThings } from "../docker";
import { type Output, ToolError } from "../output";
import { openProject } from "../project";
import { localStates } from "../state";

/** The end of each container's log. */
export async function logs(out: Output, options: { follow: boolean; tail: number }): Promise<void> {
  const containers = localStates(openProject())
    .flatMap(stateThings)
    .filter(({ kind }) => kind === "container")
    .map(({ name }) => name);
  if (containers.length === 0) throw new ToolError("not-deployed", "the state knows no container; run `m2m up` first");
  if (options.follow) {
    await Promise.all(
      containers.map((name) =>
        execa("docker", ["logs", "--follow", "--tail", String(options.tail), name], {
          stdio: "inherit",
          reject: false,
        }),
      ),
    );
    return;
  }
  const entries = await Promise.all(
    containers.map(async (container) => ({ container, log: await lastLogLines(container, options.tail, {}) })),
  );
  out.result(entries.map(({ container, log }) => `==> ${container} <==\n${log}`).join("\n\n"), entries);
}
