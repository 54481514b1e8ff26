import { createIntrospector, createVerifier, requestToken, type VerifyToken } from "../../machines";
import { median, row, table } from "../figures";
import { aimAt, inWords, type Part } from "./part";
import { plainClient } from "./plain";
import { alternate, perSecond, ratio } from "./rounds";

const WORKERS = 16;
const ROUNDS = 3;
const MS = 3000;
const TOKENS = 200;

/** Tokens verified a second: by the realm's keys, from memory, and by asking Keycloak. */
export const introspection: Part = async ({ keycloak, signal }) => {
  const { open, issuer: url, connectTo, key } = await keycloak();
  const issuer = open();
  const signingKey = key("machine-b");
  const rules = { audience: "machine-b" };
  const caller = { clientId: "machine-a", signingKey: key("machine-a") };
  const tokens: string[] = [];
  for (let i = 0; i < TOKENS; i++) tokens.push((await requestToken(issuer, caller)).accessToken);

  const plain = await plainClient(url, connectTo(), "machine-b", signingKey);
  const cached = createVerifier(issuer, rules);
  const uncached = createVerifier(issuer, { ...rules, cacheSize: 0 });
  const online = createIntrospector(issuer, { ...rules, clientId: "machine-b", signingKey });
  let next = 0;
  const each = (verify: VerifyToken) => () =>
    perSecond(WORKERS, MS, async () => void (await verify(tokens[next++ % TOKENS]!)));
  try {
    const rates = await alternate(
      {
        online: each(online),
        plain: () => perSecond(WORKERS, MS, () => plain.introspect(tokens[next++ % TOKENS]!)),
        offline: each(uncached),
        cached: each(cached),
      },
      ROUNDS,
      signal,
    );
    const line = (way: string, name: keyof typeof rates) =>
      row([way, Math.round(median(rates[name])), `${inWords(ratio(rates[name], rates.online))} ×`]);
    const rows = [
      line("`createIntrospector`", "online"),
      line("oauth4webapi's introspection", "plain"),
      line("`createVerifier`, no token remembered", "offline"),
      line("`createVerifier`", "cached"),
    ];
    return {
      title: "Verification offline and online",
      text: [
        table(["way", "tokens a second", "beside introspection"], rows),
        `${WORKERS} at a time, ${TOKENS} tokens in turn, connections kept alive; RS256. Keycloak shares the processors.`,
      ],
      aims: [aimAt("offline 50 × introspection", ratio(rates.cached, rates.online), { least: 50 })],
    };
  } finally {
    await Promise.all([plain.close(), issuer.close()]);
  }
};
