import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { MOST_STATE_BYTES, readTextIfThere } from "../../constructs/keys/read-file";
import { writeAtomically } from "../atomic-file";
import { ToolError } from "../output";
import { debianRelease, installPackages } from "./debian";
import { type BringContext, indent, must, run } from "./run";
import { findProgram, isRoot } from "./this-machine";

export interface DockerEngine {
  readonly version: string;
  /** The engine's address if it comes from a Docker context: Terraform's Docker provider knows DOCKER_HOST only. */
  readonly host?: string;
}

export interface DockerFinding {
  readonly engine?: DockerEngine;
  /** Why there is none, in the Docker client's words. */
  readonly problem: "none" | "no-client" | "no-rights" | "no-answer";
  readonly detail: string;
  /** What chose the engine: DOCKER_HOST or a Docker context. None is started instead then. */
  readonly chosen?: string;
}

const START_MS = 60_000;

/** Asks the engine that DOCKER_HOST or the current Docker context names. Changes nothing. */
export async function findDockerEngine(): Promise<DockerFinding> {
  if (!findProgram("docker")) {
    return { problem: "no-client", detail: "no `docker` on PATH" };
  }
  const context = await run("docker", ["context", "inspect", "--format", "{{.Name}} {{.Endpoints.docker.Host}}"], {
    timeoutMs: 5_000,
  });
  const [name = "default", host = ""] = context.stdout.trim().split(" ");
  const chosen = process.env.DOCKER_HOST
    ? `DOCKER_HOST=${process.env.DOCKER_HOST}`
    : context.ok && name !== "default"
      ? `Docker context ${name} (${host})`
      : undefined;
  const answer = await run("docker", ["version", "--format", "{{.Server.Version}}"], { timeoutMs: 10_000 });
  const version = answer.stdout.trim();
  if (answer.ok && version) {
    return {
      engine: { version, ...(chosen && !process.env.DOCKER_HOST && host ? { host } : {}) },
      problem: "none",
      detail: `engine ${version}${chosen ? `, ${chosen}` : ""}`,
    };
  }
  const detail = answer.timedOut ? "no answer within 10 s" : answer.tail;
  return { problem: /permission denied/i.test(detail) ? "no-rights" : "no-answer", detail, chosen };
}

/** Finds the engine, or installs and starts it as root on Debian. Never touches a running engine's configuration. */
export async function bringDockerEngine(cache: string, context: BringContext): Promise<DockerEngine> {
  const finding = await findDockerEngine();
  if (finding.engine) {
    return finding.engine;
  }
  if (finding.chosen) {
    throw new ToolError(
      "docker-unreachable",
      `The Docker engine chosen by ${finding.chosen} does not answer:\n${indent(finding.detail)}\n` +
        "Start it, or unset DOCKER_HOST (docker context use default) to use this machine's own",
    );
  }
  if (finding.problem === "no-rights") {
    throw new ToolError(
      "docker-no-rights",
      `This user may not talk to the Docker engine:\n${indent(finding.detail)}\n` +
        'Run, then log in again:\n  sudo usermod -aG docker "$USER"',
    );
  }
  if (!findProgram("dockerd")) {
    const release = debianRelease();
    await installPackages(release?.dockerPackages ?? ["docker.io"], "The Docker engine is missing", context);
    const started = await waitForEngine(3_000);
    if (started) {
      return started;
    }
  }
  return await startEngine(cache, context);
}

async function startEngine(cache: string, context: BringContext): Promise<DockerEngine> {
  const managed = existsSync("/run/systemd/system");
  const command = managed ? "systemctl start docker" : "dockerd";
  if (!isRoot()) {
    throw new ToolError(
      "needs-root",
      `The Docker engine is not running. Starting it needs root; run:\n  sudo ${command}`,
    );
  }
  context.warn(`The Docker engine is not running. Changing this system: ${command}`);
  if (managed) {
    await must("systemctl", ["start", "docker"], {
      timeoutMs: START_MS,
      failure: "The Docker engine could not be started",
      remedy: "See: journalctl -u docker",
      code: "docker-start-failed",
    });
  }
  const log = managed ? undefined : await startByHand(cache, context);
  const engine = await waitForEngine(START_MS, log?.ended);
  if (engine) {
    return engine;
  }
  const text = log && readTextIfThere(log.file, { mostBytes: MOST_STATE_BYTES });
  const lines = text?.trimEnd().split("\n").slice(-20) ?? [];
  throw new ToolError(
    "docker-start-failed",
    `The Docker engine does not answer ${START_MS / 1000} s after its start${log ? `; log ${log.file} ends with:` : "; see: journalctl -u docker"}` +
      (lines.length > 0 ? `\n${indent(lines.join("\n"))}` : ""),
  );
}

/** Starts dockerd detached, so that it outlives this process. Its log and process id are in the cache. */
async function startByHand(cache: string, context: BringContext): Promise<{ file: string; ended: () => boolean }> {
  const folder = join(cache, "docker");
  const file = join(folder, "dockerd.log");
  mkdirSync(folder, { recursive: true });
  const log = openSync(file, "a");
  const child = spawn(findProgram("dockerd") ?? "dockerd", [], {
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended = false;
  child.on("exit", () => {
    ended = true;
  });
  child.on("error", () => {
    ended = true;
  });
  child.unref();
  await writeAtomically(join(folder, "dockerd.pid"), `${child.pid ?? ""}\n`);
  context.say(`Started dockerd (process ${child.pid}, log ${file})`);
  return { file, ended: () => ended };
}

async function waitForEngine(ms: number, ended: () => boolean = () => false): Promise<DockerEngine | undefined> {
  const end = Date.now() + ms;
  do {
    const { engine } = await findDockerEngine();
    if (engine || ended()) {
      return engine ?? (await findDockerEngine()).engine;
    }
    await sleep(300);
  } while (Date.now() < end);
  return undefined;
}
