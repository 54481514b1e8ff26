import ora from "ora";
import type { Paint } from "./colour";
import { duration } from "./duration";

/** Tells what a step is at, beside its name. */
export type Show = (detail: string) => void;

/** What a person who waits sees. */
export interface Progress {
  /** Runs a step. While it runs, one line has its name, what it is at and its time; at the end the line stays. */
  step<T>(what: string, work: (show: Show) => Promise<T>): Promise<T>;
  /** A line of its own, which stays. */
  say(text: string): void;
  /** Runs something that writes to the terminal itself, above the line. */
  beside(write: () => void): void;
}

/** For a pipe, a log and a program: nothing. */
export const NO_PROGRESS: Progress = {
  step: async (_, work) => await work(() => undefined),
  say: () => undefined,
  beside: (write) => write(),
};

/**
 * Whether lines can be drawn over one another. A terminal that some other program plays may have no width, and that of a CI
 * job is a log.
 */
export function isDrawable({ isTTY, columns }: NodeJS.WriteStream, { TERM, CI } = process.env): boolean {
  return isTTY && columns > 0 && TERM !== "dumb" && !CI;
}

interface Running {
  readonly what: string;
  readonly begun: number;
  detail: string;
}

/** For a terminal. Steps may run within one another and side by side: each that runs has a line. */
export function terminalProgress(stream: NodeJS.WriteStream, paint: Paint): Progress {
  const running = new Set<Running>();
  // Input is left alone: a question may follow. Ora's own colours are off: `paint` knows whether there may be any.
  const spinner = ora({ stream, discardStdin: false, color: false, isEnabled: true });
  const draw = () => {
    if (running.size === 0) return void spinner.stop();
    spinner.text = linesOf(running, stream.columns);
    if (!spinner.isSpinning) spinner.start();
  };
  const beside = (write: () => void) => {
    if (!spinner.isSpinning) return write();
    spinner.clear();
    write();
    spinner.render();
  };
  const print = (text: string) => beside(() => void stream.write(`${text}\n`));
  setInterval(() => running.size > 0 && draw(), 1_000).unref();
  return {
    async step(what, work) {
      const one: Running = { what, begun: Date.now(), detail: "" };
      const show = (detail: string) => {
        one.detail = detail;
        draw();
      };
      const end = (symbol: string) => {
        running.delete(one);
        draw();
        print(`${symbol} ${what}  ${paint("dim", duration(Date.now() - one.begun))}`);
      };
      running.add(one);
      draw();
      try {
        const result = await work(show);
        end(paint("green", "✔"));
        return result;
      } catch (error) {
        end(paint("red", "✖"));
        throw error;
      }
    },
    say: print,
    beside,
  };
}

function linesOf(running: Iterable<Running>, columns = 80): string {
  const lines = [...running].map(({ what, detail, begun }) => {
    const end = `  ${duration(Date.now() - begun)}`;
    const text = detail ? `${what}  ${detail}` : what;
    return shortened(text, columns - end.length - 3) + end; // the spinner has two columns, and the last stays free
  });
  return lines.join("\n  ");
}

/** A line that wraps cannot be drawn over. */
function shortened(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(width - 1, 0))}…`;
}
