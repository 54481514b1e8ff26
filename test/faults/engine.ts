import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";

/** Set where this machine's Docker engine may be restarted, with everything that runs on it. */
const MAY_RESTART = "M2M_TEST_RESTARTS_DOCKER";

export const mayRestartEngine = process.env[MAY_RESTART] === "true";

const PID_FILE = "/var/run/docker.pid";
const LONGEST_MS = 120_000;

/** Ends this machine's Docker engine in peace, and starts it again as it was started. */
export async function restartEngine(): Promise<void> {
  const service = await execa("systemctl", ["restart", "docker"], { reject: false });
  if (service.failed) await restartProcess(Number(readFileSync(PID_FILE, "utf8")));
  for (const end = Date.now() + LONGEST_MS; ; await sleep(500)) {
    if (!(await execa("docker", ["info"], { reject: false })).failed) return;
    if (Date.now() > end) throw new Error(`the Docker engine is not back after ${LONGEST_MS / 1000} s`);
  }
}

/** Where nothing else starts it. */
async function restartProcess(pid: number): Promise<void> {
  const [program = "", ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  process.kill(pid);
  while (existsSync(`/proc/${pid}`)) await sleep(100);
  spawn(program, args, { detached: true, stdio: "ignore" }).unref();
}
