import { createTokenClient } from "../../machines";
import { median, percentile, row, table } from "../figures";
import { localIssuer } from "./local-issuer";
import { aimAt, inWords, type Part } from "./part";
import { alternate } from "./rounds";

const CALLS = 50_000;
const ROUNDS = 7;
const SCOPES = [1, 100, 1000, 10_000];

type Call = (index: number) => Promise<string>;

/** A call with a token in hand, and what more scopes make of it. */
export const hits: Part = async ({ signal }) => {
  const issuer = await localIssuer();
  const opened = issuer.open();
  try {
    const make = () => createTokenClient(opened, { clientId: issuer.clientId, signingKey: issuer.key });
    const client = make();
    const token = await client.getToken();
    const expiresAt = Date.now() + 300_000;
    const byHand: Call = async () => {
      if (Date.now() >= expiresAt) throw new Error("the measurement took longer than a token lasts");
      return token;
    };
    const found = await latencies({ library: () => client.getToken(), byHand }, signal);
    const rows = [
      row(["`getToken`", inWords(found.library.p50), inWords(found.library.p99)]),
      row(["a variable and its expiry, by hand", inWords(found.byHand.p50), inWords(found.byHand.p99)]),
    ];

    issuer.server.answers.set("/token", () => ({ body: granted(token) }));
    const grown: string[] = [];
    for (const scopes of SCOPES) {
      const many = make();
      const names = Array.from({ length: scopes }, (_, index) => `scope-${index}`);
      const begun = performance.now();
      for (const name of names) await many.getToken(name);
      const each = ((performance.now() - begun) * 1000) / scopes;
      const { hit } = await latencies({ hit: (index) => many.getToken(names[index % scopes]) }, signal);
      grown.push(row([scopes, inWords(hit.p50), inWords(hit.p99), inWords(each)]));
    }
    return {
      title: "A call with a token in hand",
      text: [
        table(["way", "p50, µs", "p99, µs"], rows),
        "With many scopes in turn. Each has its own token, from an issuer in the same process:",
        table(["scopes", "p50, µs", "p99, µs", "the first token of each, µs"], grown),
      ],
      aims: [aimAt("a call with a token in hand: p99 at most 20 µs", found.library.p99, { most: 20 }, " µs")],
    };
  } finally {
    await opened.close();
    await issuer.stop();
  }
};

function granted(token: string) {
  return { access_token: token, token_type: "Bearer", expires_in: 300 };
}

/** Microseconds of single calls, the clock's own part of it included: medians of the rounds. */
async function latencies<Way extends string>(ways: Record<Way, Call>, signal: AbortSignal) {
  const taken = new Float64Array(CALLS);
  const names = Object.keys(ways) as Way[];
  const found = Object.fromEntries(names.map((name) => [name, { p50: [] as number[], p99: [] as number[] }]));
  const one = (name: Way) => async () => {
    for (let index = 0; index < CALLS; index++) {
      const begun = performance.now();
      await ways[name](index);
      taken[index] = (performance.now() - begun) * 1000;
    }
    found[name]!.p50.push(percentile(taken, 50));
    found[name]!.p99.push(percentile(taken, 99));
    return 0;
  };
  const work = Object.fromEntries(names.map((name) => [name, one(name)])) as Record<Way, () => Promise<number>>;
  await alternate(work, ROUNDS, signal);
  const medians = names.map((name) => [name, { p50: median(found[name]!.p50), p99: median(found[name]!.p99) }]);
  return Object.fromEntries(medians) as Record<Way, { p50: number; p99: number }>;
}
