import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { withLock } from "../../tools/lock";
import { docker, ENVIRONMENTS } from "./environment";
import { removeLeftovers } from "./leftovers";
import { ROOT } from "./project";

/** Makes this machine ready for a run of tests with environments. Gives what leaves it as it was. */
export async function prepareMachine(): Promise<() => Promise<void>> {
  const letOthers = await alone();
  const hadSwarm = await isInSwarm();
  await removeLeftovers(ENVIRONMENTS);
  await execa(join(ROOT, "m2m"), ["--version"]); // builds `dist`, which the tests start, if a source is newer
  return async () => {
    // Not before: Docker then forgets the names of all containers that run, whatever network they are in.
    if (!hadSwarm && (await isInSwarm())) await docker("swarm", "leave", "--force");
    letOthers();
  };
}

async function isInSwarm(): Promise<boolean> {
  return (await docker("info", "--format", "{{.Swarm.LocalNodeState}}")) !== "inactive";
}

/** Two runs on one machine would have the same names and ports: the second ends at once. */
async function alone(): Promise<() => void> {
  return await new Promise((begin, fail) => {
    const untilOver = () => new Promise<void>((over) => begin(over));
    withLock(join(tmpdir(), "m2m-e2e"), "end-to-end-tests", { say: console.error, waitMs: 10_000 }, untilOver).catch(
      fail,
    );
  });
}
