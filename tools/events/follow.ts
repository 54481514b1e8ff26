import { setTimeout as sleep } from "node:timers/promises";
import { type Ask, withAdminApi } from "../keycloak/admin-api";
import type { Output } from "../output";
import { type Question, readSightings } from "./read-events";
import type { WatchedRealm } from "./realms";
import type { Sighting } from "./sightings";

/** How events are followed. */
export interface Following {
  /** What is asked for. How many is of those that were there before. */
  readonly question: Question;
  /** Read again at each sign-in: a deploy may have brought other containers. */
  readonly realms: () => readonly WatchedRealm[];
  readonly show: (one: Sighting) => void;
  readonly out: Pick<Output, "warn">;
  readonly interruption: AbortSignal;
  /** Between two looks. @default 2000 */
  readonly everyMs?: number;
}

/** How long a sign-in is used: an administrator's token is good for a minute. */
const SIGN_IN_MS = 40_000;

/** How far a look goes back behind the one before: an event shows once it is written, somewhat after its time. */
const OVERLAP_MS = 15_000;

/** Shows events as they come, until it is interrupted. A server that does not answer is waited for. */
export async function follow(following: Following): Promise<void> {
  const { realms, interruption, out, everyMs = 2000 } = following;
  const watches = new Map<string, Watch>();
  let isGone = false;
  while (!interruption.aborted) {
    const round = { isOver: false };
    try {
      for (const watched of realms()) {
        const key = `${watched.url} ${watched.realm}`;
        if (!watches.has(key)) watches.set(key, new Watch(following));
      }
      await race(
        interruption,
        Promise.all(realms().map((one) => watchFor(one, watches.get(`${one.url} ${one.realm}`)!, answered, round))),
      );
    } catch (error) {
      if (interruption.aborted) return;
      if (!isGone) out.warn(`${(error as Error).message}; waiting for Keycloak`);
      isGone = true;
      await pause(everyMs, interruption);
    } finally {
      round.isOver = true; // for the realms whose server still answers
    }
  }

  async function watchFor(
    watched: WatchedRealm,
    watch: Watch,
    onAnswer: () => void,
    round: { readonly isOver: boolean },
  ): Promise<void> {
    await withAdminApi(watched.stack, watched.alias, async (ask) => {
      for (const end = Date.now() + SIGN_IN_MS; Date.now() < end && !interruption.aborted && !round.isOver; ) {
        await watch.look(ask, watched);
        onAnswer();
        await pause(everyMs, interruption);
      }
    });
  }

  function answered(): void {
    if (isGone) out.warn("Keycloak answers again");
    isGone = false;
  }
}

/** The most that one look after the first reads: the latest, so that it goes back to the look before. */
const MOST_OF_A_LOOK = 2000;

/** What was shown of one realm. */
class Watch {
  private readonly shown = new Map<string, number>();
  private since: Date;
  /** Where the first look began to show. What is older was not asked for. */
  private from: number | undefined;
  private newest = 0;

  constructor(private readonly following: Following) {
    this.since = following.question.since;
  }

  async look(ask: Ask, watched: WatchedRealm): Promise<void> {
    const { question, show, out } = this.following;
    const now = Date.now();
    const most = this.from === undefined ? question.most : MOST_OF_A_LOOK;
    const found = await readSightings(ask, watched, { ...question, most, since: this.since });
    const times = found.map(({ time }) => Date.parse(time));
    const isCut = found.length === most;
    if (this.from !== undefined && isCut && !this.shown.has(found[0]!.id)) {
      out.warn(`realm ${watched.realm} had more than ${most} at once; some before ${found[0]!.time} are not shown`);
    }
    this.from ??= isCut ? times[0]! : question.since.getTime();
    for (const [index, one] of found.entries()) {
      if (this.shown.has(one.id) || times[index]! < this.from) continue;
      this.shown.set(one.id, times[index]!);
      show(one);
    }
    this.newest = Math.max(this.newest, ...times.slice(-1));
    this.since = new Date(Math.max(this.read(watched, now) - OVERLAP_MS, question.since.getTime()));
    for (const [id, time] of this.shown) if (time < this.since.getTime() - OVERLAP_MS) this.shown.delete(id);
  }

  /** Up to when a realm was read. A server elsewhere has its own clock, of which its latest event tells. */
  private read({ logs }: WatchedRealm, now: number): number {
    return logs.length === 0 ? this.newest : now;
  }
}

async function pause(ms: number, interruption: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: interruption }).catch(() => undefined);
}

/** Ends with the interruption, whatever is still asked for. */
async function race<T>(interruption: AbortSignal, work: Promise<T>): Promise<void> {
  let stop = () => {};
  const interrupted = new Promise<void>((resolve) => {
    stop = resolve;
    interruption.addEventListener("abort", stop, { once: true });
  });
  try {
    await Promise.race([work, interrupted]);
  } finally {
    interruption.removeEventListener("abort", stop);
    stop();
  }
}
