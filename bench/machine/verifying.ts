import { createLocalJWKSet, jwtVerify } from "jose";
import { createVerifier } from "../../machines";
import { publicJwk } from "../../test/machines/issuer-fixture";
import { median, row, table } from "../figures";
import { ALGORITHMS, type Algorithm, type LocalIssuer, localIssuer } from "./local-issuer";
import { type Aim, aimAt, inWords, type Part } from "./part";
import { alternate, microseconds, ratio } from "./rounds";

const ROUNDS = 11;
const TIMES = 400;
const HITS = 20_000;
const ENTRIES = [100, 1000, 10_000];

/** One token by the verifier, remembered and not, beside jose's jwtVerify with the keys in hand. */
export const verifying: Part = async ({ signal }) => {
  const rows: string[] = [];
  const aims: Aim[] = [];
  for (const algorithm of ALGORITHMS) {
    const issuer = await localIssuer(algorithm);
    try {
      const found = await compare(issuer, algorithm, signal);
      rows.push(found.row);
      aims.push(aimAt(`a remembered ${algorithm} token 20 × as fast as \`jwtVerify\``, found.times, { least: 20 }));
    } finally {
      await issuer.stop();
    }
  }
  const grown = await growth(signal);
  const heads = ["algorithm", "remembered, µs", "not remembered, µs", "`jwtVerify`, µs"];
  return {
    title: "Verifying a token",
    text: [
      table([...heads, "`jwtVerify` beside remembered", "not remembered beside `jwtVerify`"], rows),
      "With more remembered tokens, used in turn:",
      table(["tokens", "one, µs", "beside the first row"], grown),
    ],
    aims,
  };
};

async function compare({ server, open }: LocalIssuer, algorithm: Algorithm, signal: AbortSignal) {
  const issuer = open();
  const rules = { audience: "machine-b", algorithms: [algorithm] };
  const token = await server.mint();
  const remembering = createVerifier(issuer, rules);
  const forgetting = createVerifier(issuer, { ...rules, cacheSize: 0 });
  const keys = createLocalJWKSet({ keys: [await publicJwk(server.key)] });
  const asked = { issuer: server.url, audience: "machine-b", algorithms: [algorithm], requiredClaims: ["exp", "iat"] };
  await remembering(token); // the second call finds the keys in hand, and remembers
  const times = await alternate(
    {
      hit: () => microseconds(HITS, () => remembering(token)),
      miss: () => microseconds(TIMES, () => forgetting(token)),
      jose: () => microseconds(TIMES, () => jwtVerify(token, keys, asked)),
    },
    ROUNDS,
    signal,
  );
  await issuer.close();
  const [faster, slower] = [ratio(times.jose, times.hit), ratio(times.miss, times.jose)];
  const taken = [times.hit, times.miss, times.jose].map((values) => inWords(median(values)));
  return { times: faster, row: row([algorithm, ...taken, `${inWords(faster)} ×`, `${inWords(slower)} ×`]) };
}

async function growth(signal: AbortSignal): Promise<string[]> {
  const { server, open, stop } = await localIssuer("EdDSA");
  const issuer = open();
  try {
    const sizes = ENTRIES.map((entries) => String(entries));
    const works: Record<string, () => Promise<number>> = {};
    for (const entries of ENTRIES) {
      const tokens = await Promise.all(Array.from({ length: entries }, (_, index) => server.mint({ jti: `${index}` })));
      const verify = createVerifier(issuer, { audience: "machine-b", algorithms: ["EdDSA"], cacheSize: entries });
      await verify(tokens[0]!);
      for (const token of tokens) await verify(token);
      works[entries] = () => microseconds(HITS, (index) => verify(tokens[index % entries]!));
    }
    const times = await alternate(works, ROUNDS, signal);
    const first = times[sizes[0]!]!;
    return sizes.map((size) => row([size, inWords(median(times[size]!)), `${inWords(ratio(times[size]!, first))} ×`]));
  } finally {
    await issuer.close();
    await stop();
  }
}
