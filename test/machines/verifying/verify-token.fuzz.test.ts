import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { TokenError } from "../../../machines/errors";
import type { VerifiedToken, VerifyToken } from "../../../machines/verifying/verified-token";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { LONG, runs } from "../../provider/fuzz";
import { claims, compact, damaged, type Expected, headers, isGood, type Members, noise } from "../fuzz-inputs";
import { ALGORITHMS, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

/** The codes that docs/machines.md has for tokens; the issuer is there all the time, so that no other may come. */
const CODES = ["MALFORMED", "ALGORITHM", "SIGNATURE", "TYPE", "EXPIRED", "CLAIM"].map((name) => `ERR_TOKEN_${name}`);
/** Milliseconds that no input may take, with room for a busy machine: a signature check takes less than one. */
const SLOWEST = 3000;

const folder = testFolder();
const started: TestIssuer[] = [];
const opened: Issuer[] = [];
afterAll(async () => {
  await Promise.all([...opened.map((issuer) => issuer.close()), ...started.map((issuer) => issuer.stop())]);
  folder.remove();
});

/** What the verifier makes of an input: the token it took, or the refusal, which has to be a proper one. */
async function judge(verify: VerifyToken, token: string): Promise<VerifiedToken | TokenError> {
  const begun = performance.now();
  const outcome = await verify(token).catch((error: unknown) => error);
  expect(performance.now() - begun).toBeLessThan(SLOWEST);
  if (!(outcome instanceof Error)) return outcome as VerifiedToken;
  expect(outcome).toBeInstanceOf(TokenError);
  expect(CODES).toContain((outcome as TokenError).code);
  const shown = inspect(outcome, { depth: 9, showHidden: true });
  expect(shown).not.toMatch(/eyJ[\w-]{8}/);
  for (const part of token.split(".")) if (part.length > 15) expect(shown).not.toContain(part);
  return outcome as TokenError;
}

describe.each(ALGORITHMS)("the verifier for %s", (algorithm) => {
  let key: TestKey;
  let verify: VerifyToken;
  let expected: Expected;
  let good: { header: Members; payload: Members };

  beforeAll(async () => {
    key = await folder.key(`${algorithm}.key`, algorithm);
    const server = await new TestIssuer(key, algorithm).start();
    // A clock that stands still: tokens do not expire in a long run, and a drawn case has one outcome.
    const now = new Date();
    const issuer = server.open(() => now);
    started.push(server);
    opened.push(issuer);
    verify = createVerifier(issuer, { audience: "machine-b", algorithms: [algorithm] });
    expected = { algorithm, kid: key.kid, issuer: server.url, nowSeconds: Math.floor(now.getTime() / 1000) };
    const header = { alg: algorithm, typ: "JWT", kid: key.kid };
    const iat = expected.nowSeconds;
    good = { header: Object.entries(header), payload: Object.entries({ ...server.claims(), iat, exp: iat + 300 }) };
  });

  it("refuses noise", { timeout: LONG }, async () => {
    const property = fc.asyncProperty(noise, async (token) => {
      expect(await judge(verify, token)).toBeInstanceOf(TokenError);
    });
    await fc.assert(property, runs(400));
  });

  it("takes a token to the letter, and none that differs from it", { timeout: LONG }, async () => {
    const token = compact(good.header, good.payload, key);
    expect(await judge(verify, token)).toMatchObject({ caller: "machine-a" });
    const property = fc.asyncProperty(damaged(token), async (changed) => {
      if (changed !== token) expect(await judge(verify, changed)).toBeInstanceOf(TokenError);
    });
    await fc.assert(property, runs(600));
  });

  it("takes of the issuer's own JWTs those that fit, and no other", { timeout: LONG }, async () => {
    const counts = { taken: 0, refused: 0 };
    const property = fc.asyncProperty(headers(expected), claims(expected), async (header, payload) => {
      const outcome = await judge(verify, compact(header, payload, key));
      const fits = isGood(header, payload, expected);
      expect(outcome instanceof TokenError, `${inspect(outcome)}`).toBe(!fits);
      counts[fits ? "taken" : "refused"] += 1;
    });
    await fc.assert(property, runs(300));
    // Both sides have to be met, or the comparison says nothing.
    expect(Math.min(counts.taken, counts.refused)).toBeGreaterThan(8);
  });

  it("refuses a header type that cannot become text", async () => {
    const header = [...good.header.filter(([name]) => name !== "typ"), ["typ", { toString: null }]] as Members;
    expect(await judge(verify, compact(header, good.payload, key))).toMatchObject({ code: "ERR_TOKEN_TYPE" });
  });

  it("accepts nothing that another key has signed", { timeout: LONG }, async () => {
    const other = await folder.key(`${algorithm}-other.key`, algorithm);
    const property = fc.asyncProperty(headers(expected), claims(expected), async (header, payload) => {
      expect(await judge(verify, compact(header, payload, other))).toBeInstanceOf(TokenError);
    });
    await fc.assert(property, runs(100));
  });
});
