import type { Log } from "../log";

/** A clock that learns how far this machine's clock is from the issuer's. */
export interface SkewedClock {
  /**
   * The time by the issuer's clock, as far as it is known. Assertions are dated by it, since the issuer judges them.
   */
  issuerNow(): Date;
  /**
   * Learns from an answer that arrives now: what the issuer's clock said, in whole seconds, and when the request began.
   */
  observe(issuerTime: Date, sentAt: Date): void;
  /** How far what assertions are dated by is from this machine's clock, in milliseconds. */
  offset(): number;
  /**
   * Changes between what was learned and this machine's own clock, unless another request has changed it meanwhile. An issuer whose
   * clock was set teaches nobody while it refuses everything, so what was learned before would stay wrong. It may refuse for another
   * reason too: so what was learned is kept.
   *
   * @param refused the offset of the request that was refused
   * @returns whether the next request has another one: if not, the clock is not why the issuer refuses
   */
  leave(refused: number): boolean;
}

/** A smaller difference may come from the header's rounding and the time on the network. */
const ignoredMs = 2000;
/**
 * Clocks that differed agree again below this. It is less than `ignoredMs`, so a clock on the edge does not alternate.
 */
const agreedMs = 1000;
/** A larger difference is reported but not corrected: one answer must not make assertions for another hour. */
const largestMs = 5 * 60 * 1000;

/**
 * Corrects the dates of assertions if this machine's clock is wrong by 2 s to 5 min. Otherwise it uses this machine's
 * clock. Each change of the difference by more than 2 s gives a line in the log.
 */
export function createSkewedClock(now: () => Date, issuer: string, log: Log): SkewedClock {
  let learnedMs = 0;
  let isInUse = true;
  let reportedMs = 0;
  /** Changes only when somebody sets the clock. */
  const sinceStart = () => now().getTime() - performance.now();
  let learnedAt = 0;
  /** The offset holds for the clock as it was. After somebody has set the clock, it would be wrong. */
  const dropIfSet = () => {
    if (Math.abs(sinceStart() - learnedAt) > ignoredMs) learnedMs = 0;
  };
  const offset = () => {
    dropIfSet();
    return isInUse ? learnedMs : 0;
  };
  return {
    issuerNow: () => new Date(now().getTime() + offset()),
    offset,
    observe(issuerTime, sentAt) {
      const tookMs = now().getTime() - sentAt.getTime();
      // The issuer's clock gives whole seconds. On average, half a second has passed since.
      const measured = issuerTime.getTime() + 500 - (sentAt.getTime() + tookMs / 2);
      if (!Number.isFinite(measured) || tookMs < 0) return;
      const size = Math.abs(measured);
      const agrees = size + tookMs / 2 <= agreedMs;
      if (!agrees && size - tookMs / 2 <= ignoredMs) return; // not certain either way, so the last result stays
      const found = agrees ? 0 : measured;
      learnedMs = size > largestMs ? 0 : found;
      isInUse = true;
      learnedAt = sinceStart();
      if (found === reportedMs || (found !== 0 && Math.abs(found - reportedMs) <= ignoredMs)) return;
      reportedMs = found;
      log(`machine: ${describe(found, issuer)}`);
    },
    leave(refused) {
      if (Math.abs(offset() - refused) > ignoredMs) return true; // not exactly: each answer teaches it anew
      if (learnedMs === 0) return false;
      isInUse = !isInUse;
      return true;
    },
  };
}

function describe(foundMs: number, issuer: string): string {
  if (foundMs === 0) return `this machine's clock agrees with that of ${issuer} again`;
  const seconds = Math.round(Math.abs(foundMs) / 1000);
  const side = foundMs > 0 ? "behind" : "ahead of";
  const consequence =
    Math.abs(foundMs) > largestMs
      ? `more than the ${largestMs / 1000} s that are corrected`
      : "assertions are dated by the issuer's clock";
  return `this machine's clock is ${seconds} s ${side} that of ${issuer}; ${consequence}; set the clock`;
}
