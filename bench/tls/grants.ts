import { join } from "node:path";
import {
  createDpopKey,
  loadSigningKey,
  openConnections,
  openIssuer,
  requestToken,
  type TlsOptions,
} from "../../machines";
import { median, percentile, row, table } from "../figures";
import { aimAt, inWords, type Section } from "../machine/part";
import { alternate, ratio } from "../machine/rounds";
import { type Environment, plainEnvironment, secureEnvironment } from "./environments";

const WORKERS = 8;
const ROUNDS = 4;
const MS = 6000;

/** Clients of the secure environment that its example lacks: one without any binding, and one bound by DPoP. */
const MORE = `
const key = (name: string) => new SigningKeyPair(stack, \`\${name}-key\`, { name });
const unbound = new SignedJwtClient(stack, "Unbound", { realm, clientId: "unbound", signingKey: key("unbound") });
const dpop = new SignedJwtClient(stack, "Dpop", { realm, clientId: "dpop", signingKey: key("dpop"), boundTo: "dpop" });
for (const caller of [unbound, dpop]) b.grantCall(caller);
`;

/** Grants a second, and calls of machine-b, on kept-alive connections. */
export async function grants(signal: AbortSignal): Promise<Section> {
  const plain = plainEnvironment();
  const secure = secureEnvironment((main) =>
    main.replaceAll('"required"', '"request"').replace("const outputs = {", `${MORE}$&`),
  );
  const closing: (() => Promise<unknown>)[] = [plain.remove, secure.remove];
  try {
    await plain.up();
    await secure.up();
    const ca = join(secure.folder, "certs/m2m-ca.trust.crt");
    const mutual = {
      caFile: ca,
      certificateFile: join(secure.folder, "certs/machine-a-tls.crt"),
      keyFile: join(secure.folder, "certs/machine-a-tls.key"),
    };
    const latencies = new Map<string, number[]>();
    const ways = {
      "grant, plain http": grantBy(plain, "machine-a", undefined, false),
      "grant, https": grantBy(secure, "unbound", { caFile: ca }, false),
      "grant, mutual TLS, bound to the certificate": grantBy(secure, "machine-a", mutual, false),
      "grant, https, bound by DPoP": grantBy(secure, "dpop", { caFile: ca }, true),
      "call, plain http": callBy(plain, await tokenOf(plain, "machine-a"), undefined),
      "call, https": callBy(secure, await tokenOf(secure, "unbound", { caFile: ca }), { caFile: ca }),
      "call, mutual TLS, bound to the certificate": callBy(secure, await tokenOf(secure, "machine-a", mutual), mutual),
    };
    for (const { close } of Object.values(ways)) closing.push(close);
    const works = Object.fromEntries(
      Object.entries(ways).map(([name, { once }]) => [name, () => perSecond(once, listOf(latencies, name))]),
    );
    const rates = await alternate(works, ROUNDS, signal);
    const rows = Object.keys(ways).map((name) => {
      const base = name.startsWith("grant") ? "grant, plain http" : "call, plain http";
      const ms = [50, 99].map((hundredths) => inWords(percentile(latencies.get(name)!, hundredths)));
      return row([name, Math.round(median(rates[name]!)), `${inWords(ratio(rates[base]!, rates[name]!))} ×`, ...ms]);
    });
    const cost = ratio(rates["grant, plain http"]!, rates["grant, mutual TLS, bound to the certificate"]!);
    return {
      title: "Grants of Keycloak and calls of machine-b",
      text: [
        table(["what", "a second", "time beside plain", "p50 ms", "p99 ms"], rows),
        `${WORKERS} at a time on kept-alive connections, ${ROUNDS} rounds of ${MS / 1000} s after one to warm up. Both environments run beside each other, and the program that asks shares the processors with them.`,
      ],
      aims: [aimAt("a grant by mutual TLS takes at most 1.15 × the time of a plain one", cost, { most: 1.15 })],
    };
  } finally {
    for (const close of closing.reverse()) await close().catch(() => undefined);
  }
}

interface Way {
  once(): Promise<unknown>;
  close(): Promise<void>;
}

function grantBy(
  { folder, connectTo }: Environment,
  clientId: string,
  tls: TlsOptions | undefined,
  bound: boolean,
): Way {
  const [scheme, port] = tls ? ["https", 8443] : ["http", 8080];
  const issuer = openIssuer({
    issuer: `${scheme}://keycloak:${port}/realms/sjwt-example`,
    connectTo,
    allowInsecureHttp: !tls,
    ...(tls && { tls }),
  });
  const signingKey = loadSigningKey(join(folder, `certs/${clientId}-signing.key`));
  const dpop = bound ? createDpopKey() : undefined;
  return { once: () => requestToken(issuer, { clientId, signingKey, dpop }), close: () => issuer.close() };
}

async function tokenOf(environment: Environment, clientId: string, tls?: TlsOptions): Promise<string> {
  const { once, close } = grantBy(environment, clientId, tls, false);
  try {
    return ((await once()) as { accessToken: string }).accessToken;
  } finally {
    await close();
  }
}

/** A token lives for 300 s, which is longer than all rounds. */
function callBy({ connectTo }: Environment, token: string, tls: TlsOptions | undefined): Way {
  const { fetch, close } = openConnections(connectTo, { timeoutMs: 10_000, ...(tls && { tls }) });
  const address = `${tls ? "https" : "http"}://machine-b:3000/api/protected`;
  const once = async () => {
    const response = await fetch(address, { headers: { authorization: `Bearer ${token}` } });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`HTTP ${response.status}: ${text}`);
  };
  return { once, close };
}

function listOf(latencies: Map<string, number[]>, name: string): number[] {
  const list = latencies.get(name) ?? [];
  latencies.set(name, list);
  return list;
}

async function perSecond(once: () => Promise<unknown>, list: number[]): Promise<number> {
  const begun = performance.now();
  let done = 0;
  const worker = async () => {
    while (performance.now() - begun < MS) {
      const sentAt = performance.now();
      await once();
      list.push(performance.now() - sentAt);
      done++;
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return (done * 1000) / (performance.now() - begun);
}
