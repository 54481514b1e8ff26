/** A program that was started with a process group of its own. */
interface Started {
  readonly pid?: number;
  kill(): boolean;
}

const running = new Set<Started>();
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Ends the group with this process. The function that it gives forgets the program once it has ended. */
export function endWithThisProcess(program: Started): () => void {
  if (running.size === 0) {
    process.on("exit", endRunning);
    for (const signal of SIGNALS) process.on(signal, passOn);
  }
  running.add(program);
  return () => {
    running.delete(program);
    if (running.size === 0) removeListeners();
  };
}

/** Ends what runs. If nobody else listens to the signal, this process then ends by it as well. */
function passOn(signal: NodeJS.Signals): void {
  endRunning();
  removeListeners();
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

function removeListeners(): void {
  process.off("exit", endRunning);
  for (const signal of SIGNALS) process.off(signal, passOn);
}

function endRunning(): void {
  for (const program of running) endGroup(program);
}

export function endGroup(program: Started): void {
  if (program.pid === undefined) return;
  try {
    process.kill(-program.pid, "SIGTERM");
  } catch {
    program.kill();
  }
}
