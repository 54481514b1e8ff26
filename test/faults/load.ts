import { setTimeout as sleep } from "node:timers/promises";
import { createTokenClient, createVerifier, type Issuer, type SigningKey } from "../../machines";
import { type Met as Granted, startLoad as startAsking } from "../e2e/cluster/load";

/** In a second. Half of the grants are the library's own, which tries again, and half are single requests. */
const GRANTS = 30;
const VERIFICATIONS = 300;

/** What machines met. */
export interface Met {
  /** Calls of the library's token client. */
  readonly patient: Granted;
  /** Requests that are made once, as by a client without patience. */
  readonly single: Granted;
  /** Tokens that were verified offline, and refused. */
  readonly verified: number;
  readonly refused: number;
}

export interface Load {
  /** Waits until no single request has failed for some time. */
  untilCalm(ms: number, longestMs: number): Promise<void>;
  stop(): Promise<Met>;
}

interface Caller {
  readonly clientId: string;
  readonly signingKey: SigningKey;
  readonly audience: string;
}

/** Machines that ask for tokens and verify one, evenly in time, until they are stopped. */
export async function startLoad(issuer: Issuer, { audience, ...caller }: Caller): Promise<Load> {
  const asking = (patient: boolean) => startAsking(issuer, { ...caller, perSecond: GRANTS / 2, patient });
  const accessToken = await createTokenClient(issuer, { ...caller, log: () => {} }).getToken();
  const verifier = createVerifier(issuer, { audience });
  const counts = { verified: 0, refused: 0 };
  const verify = () => {
    counts.verified++;
    return verifier(accessToken).catch(() => counts.refused++);
  };
  const patient = asking(true);
  const single = asking(false);
  const timer = setInterval(verify, 1000 / VERIFICATIONS);
  return {
    untilCalm: async (ms, longestMs) => {
      const begun = performance.now();
      for (; performance.now() < begun + longestMs; await sleep(500)) {
        if (performance.now() - Math.max(begun, single.lastFailure()) > ms) return;
      }
      throw new Error(`tokens are still refused after ${longestMs / 1000} s`);
    },
    stop: async () => {
      clearInterval(timer);
      const [one, other] = await Promise.all([patient.stop(), single.stop()]);
      return { patient: one, single: other, ...counts };
    },
  };
}
