import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "undici";

/** Where a Node.js process lets itself be debugged once it gets SIGUSR1. */
const INSPECTOR = "http://127.0.0.1:9229/json/list";
/** JavaScript that runs answers at once, a worker that waits for a lock never. */
const PATIENCE_MS = 10_000;

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly location: { readonly lineNumber: number; readonly columnNumber: number };
}

/**
 * Where a Node.js process is, by stopping it with its debugger; undefined if it does not answer. The process stays
 * stopped: it has to be killed afterwards.
 */
export async function javascriptStack(pid: number): Promise<string | undefined> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  try {
    process.kill(pid, "SIGUSR1");
    const frames = await stopped(new WebSocket(await debuggerAddress(patience)), pid, patience);
    return frames
      .map(({ functionName, url, location }) => {
        const place = `${url}:${location.lineNumber + 1}:${location.columnNumber + 1}`;
        return `    at ${functionName || "(anonymous)"} (${place})`;
      })
      .join("\n");
  } catch {
    return undefined;
  }
}

async function debuggerAddress(patience: AbortSignal): Promise<string> {
  for (;;) {
    const answer = await fetch(INSPECTOR, { signal: patience }).then(
      (response) => response.json(),
      () => undefined,
    );
    patience.throwIfAborted();
    const [target] = (answer ?? []) as { webSocketDebuggerUrl: string }[];
    if (target) return target.webSocketDebuggerUrl;
    await sleep(100, undefined, { signal: patience });
  }
}

/** The frames in which the process was stopped, if it is the one that was meant. */
function stopped(socket: WebSocket, pid: number, patience: AbortSignal): Promise<CallFrame[]> {
  return new Promise((resolve, reject) => {
    const ask = (id: number, method: string, params = {}) => socket.send(JSON.stringify({ id, method, params }));
    let frames: CallFrame[];
    socket.onopen = () => {
      ask(1, "Debugger.enable");
      ask(2, "Debugger.pause");
    };
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(String(data));
      if (message.method === "Debugger.paused") {
        frames = message.params.callFrames;
        ask(3, "Runtime.evaluate", { expression: "process.pid" });
      } else if (message.id === 3) {
        socket.close();
        // Another process that is being debugged may have the port.
        if (message.result.result.value === pid) resolve(frames);
        else reject(new Error(`not process ${pid}`));
      }
    };
    socket.onerror = () => reject(new Error("no debugger"));
    patience.addEventListener("abort", () => {
      socket.close();
      reject(patience.reason);
    });
  });
}
