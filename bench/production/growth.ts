import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type AdminApi, adminApi } from "../admin-api";
import { row, table } from "../figures";
import { inWords, type Section } from "../machine/part";
import { docker } from "../start/container";
import { ADMIN_PASSWORD, type Environment, productionEnvironment } from "../tls/environments";
import { numberIn, taken } from "./containers";
import { granting, latency } from "./load";
import { machineA } from "./machine-a";

const SIZES = [100, 1_000, 10_000];
const MS = 12_000;
const BATCH = 250;

/** What more clients cost: all of them ask for tokens. */
export async function growth(signal: AbortSignal): Promise<Section> {
  const environment = productionEnvironment();
  try {
    await environment.up();
    const { keycloak } = environment.names;
    const database = `${keycloak}-database`;
    const rows: string[] = [];
    let there = 0;
    for (const size of SIZES) {
      const begun = performance.now();
      for (; there < size; there += BATCH) {
        signal.throwIfAborted();
        await addClients(environment, there, Math.min(BATCH, size - there));
      }
      there = size;
      const added = (performance.now() - begun) / 1000;
      const machine = machineA(environment);
      try {
        await docker("restart", "--time", "60", keycloak);
        const restart = await machine.untilGranted();
        let next = 0;
        const grant = () => machine.grant(idOf(next++ % size));
        const parts = { servers: [keycloak], databases: [database] };
        await granting(MS, grant, parts);
        const one = await granting(MS, grant, parts);
        const memory = await Promise.all([[keycloak], [database]].map(taken));
        const figures = [restart, one.serverMs, one.databaseMs, latency(one, 50), latency(one, 99)].map(inWords);
        const bytes = await numberIn(database, "pg_database_size('keycloak')");
        rows.push(
          row([
            size,
            inWords(added),
            Math.round(one.perSecond),
            ...figures,
            ...memory.map(({ mebibytes }) => Math.round(mebibytes)),
            Math.round(bytes / 2 ** 20),
          ]),
        );
        console.error(rows.at(-1));
      } finally {
        await machine.issuer.close();
      }
    }
    const heads = [
      "clients",
      "adding them, s",
      "grants a second",
      "restart to a grant, s",
      "computing of Keycloak for a grant, ms",
      "of PostgreSQL, ms",
      "p50 ms",
      "p99 ms",
      "memory of Keycloak, MiB",
      "of PostgreSQL",
      "database, MiB",
    ];
    return { title: "More clients", text: [table(heads, rows), METHOD], aims: [] };
  } finally {
    await environment.remove();
  }
}

const METHOD = `Clients come by Keycloak's partial import, ${BATCH} at a time, with one key. After a restart each in turn asks for a token, eight at a time for ${MS / 1000} s, after as long to warm up. The size of the database includes the events.`;

const idOf = (index: number) => `client-${index}`;

/** Clients with the key of machine-a. */
async function addClients(environment: Environment, from: number, count: number): Promise<void> {
  const pem = readFileSync(join(environment.folder, "certs", "machine-a-signing.crt"), "utf8");
  const certificate = pem.replaceAll(/-----[A-Z ]+-----|\s/g, "");
  const clients = Array.from({ length: count }, (_, index) => ({
    clientId: idOf(from + index),
    clientAuthenticatorType: "client-jwt",
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
    fullScopeAllowed: false,
    attributes: { "token.endpoint.auth.signing.alg": "RS256", "jwt.credential.certificate": certificate },
  }));
  const users = clients.map(({ clientId }) => ({
    username: `service-account-${clientId}`,
    enabled: true,
    serviceAccountClientId: clientId,
  }));
  const body = { ifResourceExists: "SKIP", clients, users };
  await adminOf(environment)("POST", "/realms/sjwt-example/partialImport", body, 300_000);
}

function adminOf({ names, caFile }: Environment): AdminApi {
  return adminApi(`https://localhost:${names.keycloakPort}`, ADMIN_PASSWORD, caFile);
}
