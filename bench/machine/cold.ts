import { createTokenClient } from "../../machines";
import { median, row, table } from "../figures";
import { countingProxy, total } from "../scale/counting-proxy";
import { type Aim, inWords, type Part } from "./part";
import { plainClient } from "./plain";
import { alternate, ratio } from "./rounds";

const CALLERS = 10_000;
const PLAIN_CALLERS = 200;
const ROUNDS = 5;

/** Many callers at once that have no token yet, against Keycloak. */
export const cold: Part = async ({ keycloak, signal }) => {
  const { connectTo, issuer: url, url: target, open, key } = await keycloak();
  const proxy = await countingProxy(target);
  const { port } = new URL(proxy.url);
  const signingKey = key("machine-a");
  const grants = { library: [] as number[], plain: [] as number[] };
  const others: number[] = [];

  try {
    const plain = await plainClient(url, connectTo(port), "machine-a", signingKey);
    const times = await alternate(
      {
        library: async () => {
          const issuer = open(port);
          proxy.take();
          const begun = performance.now();
          const client = createTokenClient(issuer, { clientId: "machine-a", signingKey });
          await Promise.all(Array.from({ length: CALLERS }, () => client.getToken()));
          const ms = performance.now() - begun;
          const { login = 0, ...rest } = proxy.take();
          grants.library.push(login);
          others.push(total(rest));
          await issuer.close();
          return ms;
        },
        plain: async () => {
          proxy.take();
          const begun = performance.now();
          await Promise.all(Array.from({ length: PLAIN_CALLERS }, () => plain.grant()));
          const ms = performance.now() - begun;
          grants.plain.push(proxy.take().login ?? 0);
          return ms;
        },
      },
      ROUNDS,
      signal,
    );
    await plain.close();
    const most = Math.max(...grants.library);
    const line = (way: string, callers: number, taken: readonly number[], asked: readonly number[], extra: number) => {
      const counts = [...new Set(asked)].join(" or ");
      const [ms, each] = [median(taken), (median(taken) * 1000) / callers];
      return row([way, callers, counts, extra, `${inWords(ms)} ms`, `${inWords(each)} µs`]);
    };
    const rows = [
      line("`createTokenClient`", CALLERS, times.library, grants.library, Math.max(...others)),
      line("oauth4webapi for each call", PLAIN_CALLERS, times.plain, grants.plain, 0),
    ];
    const aim: Aim = {
      aim: `one grant for ${CALLERS} callers at once`,
      measured: `${[...new Set(grants.library)].join(" or ")} in each of ${grants.library.length} rounds`,
      met: most === 1 && Math.min(...grants.library) === 1,
    };
    return {
      title: "Callers at once without a token",
      text: [
        table(["way", "callers", "grants", "other requests", "all answered after", "a caller"], rows),
        `Counted at a proxy in front of Keycloak. The ${PLAIN_CALLERS} plain calls take ${inWords(ratio(times.plain, times.library))} × the time of the ${CALLERS} callers.`,
      ],
      aims: [aim],
    };
  } finally {
    proxy.close();
  }
};
