import type { Log } from "../log";

/** A clock that learns how far this machine's clock is from the issuer's. */
export interface SkewedClock {
  /** The time by the issuer's clock, as far as it is known: for the dates of assertions, which the issuer judges. */
  issuerNow(): Date;
  /** Tells it what the issuer's clock said, to the second, in a request that began at `sentAt` and is answered now. */
  observe(issuerTime: Date, sentAt: Date): void;
}

/** Up to it a difference may be the header's own rounding and the way there. */
const ignoredMs = 2000;
/** Up to it clocks that differed agree again: less than above, so that one on the edge does not come and go. */
const agreedMs = 1000;
/** A larger one is reported and not followed: assertions for another hour are not made on an answer's word. */
const largestMs = 5 * 60 * 1000;

/**
 * Corrects assertions for a machine whose clock is wrong by 2 s to 5 min; outside of that the clock is taken as it is.
 * Each change of the difference by more than 2 s gives a line in the log.
 */
export function createSkewedClock(now: () => Date, issuer: string, log: Log): SkewedClock {
  let offsetMs = 0;
  let reportedMs = 0;
  /** Tells a clock that was set from one that ran on. */
  const sinceStart = () => now().getTime() - performance.now();
  let learnedAt = 0;
  return {
    issuerNow() {
      // What was learned is of the clock as it was then. Once it is set, right at last, the rest would be wrong.
      if (Math.abs(sinceStart() - learnedAt) > ignoredMs) offsetMs = 0;
      return new Date(now().getTime() + offsetMs);
    },
    observe(issuerTime, sentAt) {
      const tookMs = now().getTime() - sentAt.getTime();
      // The issuer's second has begun some time before: half of it on average.
      const measured = issuerTime.getTime() + 500 - (sentAt.getTime() + tookMs / 2);
      if (!Number.isFinite(measured) || tookMs < 0) return;
      const size = Math.abs(measured);
      const agrees = size + tookMs / 2 <= agreedMs;
      if (!agrees && size - tookMs / 2 <= ignoredMs) return; // it may be either: what was found before stays
      const found = agrees ? 0 : measured;
      offsetMs = size > largestMs ? 0 : found;
      learnedAt = sinceStart();
      if (found === reportedMs || (found !== 0 && Math.abs(found - reportedMs) <= ignoredMs)) return;
      reportedMs = found;
      log(`machine: ${describe(found, issuer)}`);
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
