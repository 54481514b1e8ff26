import type { KeyObject } from "node:crypto";
import { type Issuer, loadSigningKey, requestToken, type SigningKey } from "../../machines";
import { testFolder } from "../../test/machines/issuer-fixture";
import { median, percentile, row, table } from "../figures";
import type { Keycloak } from "./keycloak";
import { ALGORITHMS } from "./local-issuer";
import { inWords, type Part } from "./part";
import { alternate, ratio } from "./rounds";

const WORKERS = 16;
const ROUNDS = 2;
const MS = 8000;
const SECRET = "bench-client-secret";

/** Grants a second by Keycloak itself, for each algorithm, beside a client that sends a password. */
export const keycloakGrants: Part = async ({ keycloak, signal }) => {
  const server = await keycloak();
  const issuer = server.open();
  const folder = testFolder();
  const ids: string[] = [];
  const latencies = new Map<string, number[]>();
  try {
    const ways: Record<string, () => Promise<number>> = {};
    for (const algorithm of ALGORITHMS) {
      const key = await folder.key(`${algorithm}.key`, algorithm);
      const signingKey = loadSigningKey(key.file, { algorithm });
      const clientId = `bench-${algorithm.toLowerCase()}`;
      ids.push(await makeClient(server, clientId, signed(signingKey, key.publicKey)));
      ways[algorithm] = measured(latencies, algorithm, () => requestToken(issuer, { clientId, signingKey }));
    }
    const clientId = "bench-secret";
    ids.push(await makeClient(server, clientId, { clientAuthenticatorType: "client-secret", secret: SECRET }));
    ways.client_secret = measured(latencies, "client_secret", () => grantBySecret(issuer, clientId));

    const cpuBefore = server.cpu();
    const rates = await alternate(ways, ROUNDS, signal);
    const grants = [...latencies.values()].reduce((sum, list) => sum + list.length, 0);
    const cpuMs = ((server.cpu() - cpuBefore) * 1000) / grants;
    const rows = Object.keys(ways).map((name) => {
      const ms = [50, 95, 99].map((hundredths) => inWords(percentile(latencies.get(name)!, hundredths)));
      const beside = `${inWords(ratio(rates[name]!, rates.client_secret!))} ×`;
      return row([name, Math.round(median(rates[name]!)), beside, ...ms]);
    });
    return {
      title: "Keycloak's grants",
      text: [
        table(["client authentication", "grants a second", "beside client_secret", "p50 ms", "p95 ms", "p99 ms"], rows),
        `${WORKERS} at a time on kept-alive connections, ${ROUNDS} rounds of ${MS / 1000} s after one to warm up. Keycloak took ${inWords(cpuMs)} ms of a processor for a grant. The program that asks and signs shares the processors with it. Latencies are those of all rounds.`,
      ],
      aims: [],
    };
  } finally {
    for (const id of ids) await server.admin("DELETE", `/realms/${server.realm}/clients/${id}`).catch(() => {});
    folder.remove();
    await issuer.close();
  }
};

/** Grants a second by some workers for a while; each one's time goes to the list of its name. */
function measured(latencies: Map<string, number[]>, name: string, grant: () => Promise<unknown>) {
  const list: number[] = [];
  latencies.set(name, list);
  return async () => {
    const begun = performance.now();
    let done = 0;
    const worker = async () => {
      while (performance.now() - begun < MS) {
        const sentAt = performance.now();
        await grant();
        list.push(performance.now() - sentAt);
        done++;
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    return (done * 1000) / (performance.now() - begun);
  };
}

async function grantBySecret(issuer: Issuer, clientId: string): Promise<void> {
  const { token_endpoint = "" } = await issuer.metadata();
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id: clientId, client_secret: SECRET });
  const response = await issuer.fetch(token_endpoint, { method: "POST", body });
  if (response.status !== 200) throw new Error(`HTTP ${response.status} for ${clientId}`);
  await response.json();
}

function signed({ kid, algorithm }: SigningKey, publicKey: KeyObject): object {
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg: algorithm, use: "sig" };
  return {
    clientAuthenticatorType: "client-jwt",
    attributes: {
      "token.endpoint.auth.signing.alg": algorithm,
      "use.jwks.string": "true",
      "jwks.string": JSON.stringify({ keys: [jwk] }),
    },
  };
}

async function makeClient(server: Keycloak, clientId: string, authentication: object): Promise<string> {
  const path = `/realms/${server.realm}/clients`;
  const flows = { publicClient: false, standardFlowEnabled: false, serviceAccountsEnabled: true };
  await server.admin("POST", path, { clientId, ...flows, fullScopeAllowed: false, ...authentication });
  const [{ id }] = JSON.parse(await server.admin("GET", `${path}?clientId=${clientId}`)) as [{ id: string }];
  return id;
}
