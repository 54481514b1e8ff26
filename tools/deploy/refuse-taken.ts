import { createServer } from "node:net";
import { isRunning, type MadeThing, stateThings } from "../engines/docker";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import type { State } from "../project/state";

/**
 * Refuses names that something of this package has already, if the state does not know it. Docker would use the volume
 * of another checkout as this one's, and `down` would then remove it.
 */
export function refuseForeign(there: readonly MadeThing[], state: State): void {
  const known = stateThings(state).map(({ id }) => id);
  const foreign = there.filter(({ id }) => !known.includes(id));
  if (foreign.length === 0) return;
  const list = foreign.map(({ kind, name }) => `${kind} ${name}`).join(", ");
  const commands = foreign.map(
    ({ kind, name }) => `docker ${kind} rm ${kind === "container" ? "--force " : ""}${name}`,
  );
  throw new ToolError(
    "name-in-use",
    `${list}: made by another checkout, or the state is lost; take it down there, choose other names, or remove it with \`${commands.join(" && ")}\``,
  );
}

/** Refuses a port that another program holds, before Docker fails half-way. */
export async function refuseTakenPorts(stack: Stack, env: Record<string, string>): Promise<void> {
  for (const config of Object.values(stack.json.resource?.docker_container ?? {})) {
    if (await isRunning(String(config.name), env)) continue;
    const where = (config["//"] as { metadata: { path: string } } | undefined)?.metadata.path ?? String(config.name);
    for (const { external, ip } of (config.ports ?? []) as { external?: number; ip?: string }[]) {
      if (external !== undefined && !(await isFree(external, ip ?? "127.0.0.1"))) {
        throw new ToolError(
          "port-in-use",
          `[${where}] port ${external} of ${ip ?? "127.0.0.1"} is in use by another program; end it (\`ss -ltnp 'sport = :${external}'\` names it), or choose another port`,
        );
      }
    }
  }
}

function isFree(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    // Any other problem, such as a privileged port, is this program's own; Docker may not have it.
    probe.once("error", ({ code }: NodeJS.ErrnoException) => resolve(code !== "EADDRINUSE"));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
