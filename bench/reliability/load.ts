import { createTokenClient, createVerifier, type Issuer, requestToken, type SigningKey } from "../../machines";

/** What machines met while something broke. */
export interface Met {
  /** Tokens that were asked for, and those that came not at all. */
  readonly asked: number;
  readonly failed: number;
  /** The same for requests that are made once, as by a client without patience. */
  readonly askedOnce: number;
  readonly failedOnce: number;
  /** The longest time without a token of the latter, in milliseconds. */
  readonly gapMs: number;
  /** Calls that were verified offline, and refused. */
  readonly verified: number;
  readonly refused: number;
}

/** In a second. Half of the grants are the library's own, which tries again, and half are single requests. */
const GRANTS = 30;
const VERIFICATIONS = 300;

interface Caller {
  readonly clientId: string;
  readonly signingKey: SigningKey;
  readonly audience: string;
}

/** Machines that ask for tokens and verify one, evenly in time, until they are stopped. */
export async function startLoad(issuer: Issuer, caller: Caller): Promise<() => Promise<Met>> {
  const { clientId, signingKey, audience } = caller;
  const counts = { asked: 0, failed: 0, askedOnce: 0, failedOnce: 0, verified: 0, refused: 0 };
  const granted = [performance.now()];
  const running = new Set<Promise<unknown>>();
  const track = (work: Promise<unknown>) => {
    running.add(work);
    void work.finally(() => running.delete(work));
  };
  const ask = async () => {
    counts.asked++;
    await createTokenClient(issuer, { clientId, signingKey, log: () => {} })
      .getToken()
      .catch(() => counts.failed++);
  };
  const askOnce = async () => {
    counts.askedOnce++;
    await requestToken(issuer, { clientId, signingKey }).then(
      () => granted.push(performance.now()),
      () => counts.failedOnce++,
    );
  };
  const verifier = createVerifier(issuer, { audience });
  const { accessToken } = await requestToken(issuer, { clientId, signingKey });
  const verify = async () => {
    counts.verified++;
    await verifier(accessToken).catch(() => counts.refused++);
  };
  const timers = [
    setInterval(() => track(ask()), 2000 / GRANTS),
    setInterval(() => track(askOnce()), 2000 / GRANTS),
    setInterval(() => track(verify()), 1000 / VERIFICATIONS),
  ];
  return async () => {
    for (const timer of timers) clearInterval(timer);
    await Promise.all(running);
    const gaps = granted.slice(1).map((time, index) => time - granted[index]!);
    return { ...counts, gapMs: Math.max(...gaps) };
  };
}
