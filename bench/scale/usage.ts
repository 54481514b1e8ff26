import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { run } from "../project";

/** What a process and its children have taken so far, as the kernel keeps it in /proc. */
export interface Usage {
  /** Peaks of resident memory in MiB (`VmHWM`): of the process, and of the largest of its children. */
  readonly processMiB: number;
  readonly childMiB: number;
  /** Seconds on a processor, in user and system mode: of the process, and of all its children together. */
  readonly processCpu: number;
  readonly childCpu: number;
}

const EVERY_MS = 50;
/** The kernel's unit of times in /proc/PID/stat, on every Linux that Node.js runs on. */
const TICKS_PER_SECOND = 100;

/** Watches a process and its children until it is told to stop. */
export function watch(pid: number): () => Usage {
  const cpu = new Map<number, number>();
  let [processMiB, childMiB] = [0, 0];
  const look = () => {
    processMiB = Math.max(processMiB, peakOf(pid));
    for (const child of childrenOf(pid)) childMiB = Math.max(childMiB, peakOf(child));
    for (const one of [pid, ...childrenOf(pid)]) cpu.set(one, Math.max(cpu.get(one) ?? 0, cpuOf(one)));
  };
  const timer = setInterval(look, EVERY_MS);
  look();
  return () => {
    clearInterval(timer);
    const processCpu = cpu.get(pid) ?? 0;
    const all = [...cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
    return { processMiB, childMiB, processCpu, childCpu: all - processCpu };
  };
}

/** The peak of one process so far; 0 where it has ended. */
export function peakOf(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`)) ?? [];
  return Math.round(Number(kilobytes ?? 0) / 1024);
}

/** What one process has computed so far; 0 where it has ended. */
export function cpuOf(pid: number): number {
  // The name, in brackets, may hold spaces; user and system time are the 12th and 13th field after it.
  const fields = read(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ");
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS_PER_SECOND;
}

/** The largest process of a container, as this machine counts processes. */
export async function processOf(container: string): Promise<number> {
  const { stdout } = await run("docker", ["top", container, "-eo", "pid"]);
  const pids = stdout.split("\n").slice(1).filter(Boolean).map(Number);
  return pids.sort((a, b) => peakOf(b) - peakOf(a))[0] ?? 0;
}

/** Each thread has a list of the children that it started; one that is about to start a program is still the parent. */
function childrenOf(pid: number): number[] {
  const program = programOf(pid);
  return threadsOf(pid)
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(" "))
    .filter(Boolean)
    .map(Number)
    .filter((child) => programOf(child) !== program);
}

function programOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return "";
  }
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
