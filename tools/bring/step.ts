import { duration } from "../output";

/** Prints when a step begins, every quarter of a minute while it lasts, and when it ends. */
export async function step<T>(say: (text: string) => void, what: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  say(`${what} …`);
  const timer = setInterval(() => say(`${what} … ${duration(Date.now() - begin)}`), 15_000);
  timer.unref();
  try {
    const value = await work();
    say(`${what}: done in ${duration(Date.now() - begin)}`);
    return value;
  } finally {
    clearInterval(timer);
  }
}
