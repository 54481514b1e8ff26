// A container of Keycloak whose starts are measured.
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../project";

export const NAME = "m2m-bench-start";
const PORT = 18_690;
const DATA = `${NAME}-data`;
const SECRET = "of a server that lives for a minute";
const TIMEOUT_MS = 500_000;

/** Prints the computing of all processes of a container since its start, in nanoseconds. */
export const COMPUTING =
  "{ cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2> /dev/null || sed -n 's/usage_usec \\(.*\\)/\\1000/p' /sys/fs/cgroup/cpu.stat; }";

/** Asks for a token in a container that has no curl. Nobody gets one, but the classes for it are loaded. */
export const GRANT = [
  "{ printf 'POST /realms/master/protocol/openid-connect/token HTTP/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n' >&3",
  "read -r answer <&3; } 2> /dev/null 3<>/dev/tcp/127.0.0.1/8080",
].join(" && ");

export async function docker(...args: string[]): Promise<string> {
  return (await run("docker", args)).stdout.trim();
}

/** Seconds to the first grant, and seconds of computing. */
export type Start = readonly [number, number];

/** A first start in an empty volume, a restart, and a start after a death. */
export async function starts(image: string, options: readonly string[]): Promise<[Start, Start, Start]> {
  await remove();
  try {
    const first = await measured(() => runServer(image, options));
    const restarted = await measured(() => docker("restart", "--time", "60", NAME));
    const killed = await measured(async () => {
      await docker("kill", NAME);
      await docker("start", NAME);
    });
    return [first, restarted, killed];
  } finally {
    await remove();
  }
}

export async function remove(): Promise<void> {
  await docker("rm", "--force", "--volumes", NAME).catch(() => undefined);
  await docker("volume", "rm", "--force", DATA);
}

function runServer(image: string, options: readonly string[]): Promise<string> {
  const client = ["--env", "KC_BOOTSTRAP_ADMIN_CLIENT_ID=bench", "--env", `KC_BOOTSTRAP_ADMIN_CLIENT_SECRET=${SECRET}`];
  const own = ["--name", NAME, "--volume", `${DATA}:/opt/keycloak/data`, "--publish", `127.0.0.1:${PORT}:8080`];
  const command = ["start", "--optimized", "--http-enabled=true", `--hostname=http://localhost:${PORT}`, ...options];
  return docker("run", "--detach", ...own, ...client, image, ...command);
}

async function measured(start: () => Promise<unknown>): Promise<Start> {
  const begun = performance.now();
  await start();
  await firstGrant();
  const seconds = (performance.now() - begun) / 1000;
  return [seconds, Number(await docker("exec", NAME, "bash", "-c", COMPUTING)) / 1e9];
}

async function firstGrant(): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  for (;;) {
    // Of a connection that Docker's proxy drops, fetch may never hear, and nothing keeps the process alive then.
    if (await Promise.race([isGranted(), sleep(5_000, false)])) return;
    if (Date.now() > end) throw new Error(`no token within ${TIMEOUT_MS / 1000} s`);
    await sleep(100);
  }
}

async function isGranted(): Promise<boolean> {
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: "bench", client_secret: SECRET });
  try {
    const url = `http://localhost:${PORT}/realms/master/protocol/openid-connect/token`;
    const answer = await fetch(url, { method: "POST", body });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
