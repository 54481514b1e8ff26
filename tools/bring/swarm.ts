import type { Output } from "../output";
import { ToolError } from "../output";
import { must, run } from "./run";

const INIT = ["swarm", "init", "--advertise-addr", "127.0.0.1"];
const COMMAND = `docker ${INIT.join(" ")}`;

/**
 * Sees that the engine manages a swarm, which services need. Makes one of this machine alone where that is asked for: it changes
 * the engine, for everything that runs there.
 *
 * @throws {ToolError} `no-swarm`
 */
export async function bringSwarm(initialise: boolean, env: Record<string, string>, out: Output): Promise<void> {
  const asked = await run("docker", ["info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"], {
    timeoutMs: 10_000,
    env,
  });
  const [state = "unknown", manages] = asked.stdout.trim().split(" ");
  if (manages === "true") return;
  if (state === "active") {
    throw new ToolError(
      "no-swarm",
      "the project declares a service of Docker Swarm, and this engine is a worker of a swarm; run m2m where a manager is (DOCKER_HOST), or make this node one: `docker node promote` on a manager",
    );
  }
  if (!initialise) {
    throw new ToolError(
      "no-swarm",
      `the project declares a service of Docker Swarm, and this engine is in none (${state}); run \`${COMMAND}\` first, or \`m2m up --init-swarm\`, which does`,
    );
  }
  await must("docker", INIT, {
    timeoutMs: 60_000,
    env,
    failure: "Docker could not be made a swarm",
    code: "no-swarm",
  });
  out.warn(
    `this engine is a swarm of one node now (\`${COMMAND}\`); \`docker swarm leave --force\` ends it, with all services; other containers have to be restarted then`,
  );
}
