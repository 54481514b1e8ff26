import { execa } from "execa";
import { containerStatus, lastLogLines, stateThings } from "../engines/docker";
import { type Output, ToolError } from "../output";
import type { Project } from "../project/project";
import { localStates } from "../project/state";

/** The end of each container's log. One that is gone is said to be. */
export async function logs(project: Project, out: Output, options: { follow: boolean; tail: number }): Promise<void> {
  const known = localStates(project)
    .flatMap(stateThings)
    .filter(({ kind }) => kind === "container");
  if (known.length === 0) throw new ToolError("not-deployed", "the state knows no container; run `m2m up` first");
  const containers = await Promise.all(
    known.map(async (container) => ({ ...container, gone: (await containerStatus(container.id, {})) === "gone" })),
  );
  const there = containers.filter(({ gone }) => !gone);
  if (there.length === 0) {
    const names = containers.map(({ name }) => name).join(", ");
    throw new ToolError("not-deployed", `gone, and its log with it: ${names}; run \`m2m up\` to bring it back`);
  }
  for (const { name } of containers.filter(({ gone }) => gone)) {
    out.warn(`gone, and its log with it: ${name}; run \`m2m up\` to bring it back`);
  }
  if (options.follow) {
    await Promise.all(
      there.map(({ id }) =>
        execa("docker", ["logs", "--follow", "--tail", String(options.tail), id], {
          stdio: "inherit",
          reject: false,
        }),
      ),
    );
    return;
  }
  const entries = await Promise.all(
    there.map(async ({ name, id }) => ({ container: name, log: await lastLogLines(id, options.tail, {}) })),
  );
  out.result(entries.map(({ container, log }) => `==> ${container} <==\n${log}`).join("\n\n"), entries);
}
