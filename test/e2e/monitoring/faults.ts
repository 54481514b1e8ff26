import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DAY_MS } from "../../../constructs/keys/certificate-life";
import { selfSign } from "../../../constructs/keys/self-sign";
import { loadSigningKey, openIssuer, requestToken, signAssertion } from "../../../machines";
import { ecPair } from "../../generated-key";
import { admin, callApi, clientOf, docker } from "../environment";
import { type Names, ROOT } from "../project";

export const ISSUER = "http://keycloak:8080/realms/sjwt-example";

/** A client for each fault, so that alerts tell them apart. */
export const CLIENTS = ["wrong-key", "replayed", "clock-off", "switched-off", "without-scope"] as const;
type Client = (typeof CLIENTS)[number];

/** examples/monitored, with a client for each fault, and one whose certificate ends soon. */
export function monitoredMain(): string {
  const main = readFileSync(join(ROOT, "examples", "monitored", "main.ts"), "utf8");
  const more = `
for (const clientId of ${JSON.stringify(CLIENTS)}) {
  const signingKey = new SigningKeyPair(stack, clientId + "-key", { name: clientId, algorithm: "ES256" });
  orders.grant(new SignedJwtClient(stack, clientId, { realm, clientId, signingKey }), "orders:read");
}
const ending = SigningKeyPair.fromCertificateFile(stack, "EndingKey", "ending.crt");
new SignedJwtClient(stack, "Ending", { realm, clientId: "ending", signingKey: ending });

`;
  return main.replace('"../../constructs"', '"./constructs"').replace("const outputs = {", `${more}$&`);
}

/** A key that nobody signs with; its certificate is all that counts. */
const { privateKey: ENDING } = ecPair();

/** Writes a certificate that ends in so many seconds, or has. */
export function writeEndingCertificate(folder: string, seconds: number): void {
  const days = 1;
  const start = new Date(Date.now() + seconds * 1000 - days * DAY_MS);
  writeFileSync(join(folder, "ending.crt"), selfSign(ENDING, "ending", days, start));
}

/** What happens to a running environment. */
export class Faults {
  constructor(
    private readonly folder: string,
    private readonly names: Names,
  ) {}

  /** Six sign-ins by a key that Keycloak does not know. */
  async wrongKey(): Promise<void> {
    for (let round = 0; round < 6; round++) await this.refused("wrong-key", this.key("replayed"));
  }

  /** One assertion, seven times. */
  async replay(): Promise<void> {
    const assertion = await signAssertion({ clientId: "replayed", issuer: ISSUER, signingKey: this.key("replayed") });
    const answers = [];
    for (let round = 0; round < 7; round++) answers.push(await this.send("replayed", assertion));
    if (answers.join() !== "200,400,400,400,400,400,400") throw new Error(`replays were answered ${answers}`);
  }

  /** Six assertions of a machine whose clock is ten minutes behind. */
  async clockOff(): Promise<void> {
    const now = () => new Date(Date.now() - 600_000);
    for (let round = 0; round < 6; round++) {
      const signingKey = this.key("clock-off");
      const status = await this.send(
        "clock-off",
        await signAssertion({ clientId: "clock-off", issuer: ISSUER, signingKey, now }),
      );
      if (status !== 400) throw new Error(`a clock that is off was answered ${status}`);
    }
  }

  /** Somebody disables a client, and its machine asks on. */
  async switchOff(): Promise<void> {
    const client = await clientOf(this.names, "switched-off");
    await admin(this.names, "PUT", `/clients/${client.id}`, { ...client, enabled: false });
    await this.refused("switched-off", this.key("switched-off"));
  }

  /** Somebody takes a scope away, and its machine calls on. */
  async takeScope(): Promise<void> {
    const { id } = await clientOf(this.names, "without-scope");
    const scopes: { id: string; name: string }[] = await admin(
      this.names,
      "GET",
      `/clients/${id}/default-client-scopes`,
    );
    const scope = scopes.find(({ name }) => name === "orders:read")!;
    await admin(this.names, "DELETE", `/clients/${id}/default-client-scopes/${scope.id}`);
    const token = await this.token("without-scope", this.key("without-scope"));
    for (let round = 0; round < 4; round++) await this.called(token, 401);
  }

  /** Two hundred tokens that are none. */
  async flood(): Promise<void> {
    for (let round = 0; round < 200; round++) await this.called(`e30.e30.${round}`, 401);
  }

  /** The name of Keycloak leads nowhere, for the machine alone. A connection that is open stays so for a while. */
  async hideKeycloak(): Promise<void> {
    const hide = "cp /etc/hosts /tmp/hosts && echo 127.0.0.9 keycloak | cat - /tmp/hosts > /etc/hosts";
    await docker("exec", "--user", "root", this.names.machine, "sh", "-c", hide);
  }

  /** A token by an unknown key has the machine fetch the keys. */
  async unknownKey(): Promise<void> {
    const header = { alg: "RS256", typ: "JWT", kid: `unknown-${Date.now()}` };
    const claims = { iss: ISSUER, aud: "machine-b", exp: Math.floor(Date.now() / 1000) + 60, typ: "Bearer" };
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    await callApi(this.names, `${part(header)}.${part(claims)}.${"A".repeat(342)}`);
  }

  async showKeycloak(): Promise<void> {
    await docker("exec", "--user", "root", this.names.machine, "sh", "-c", "cat /tmp/hosts > /etc/hosts");
  }

  /** What the right machine gets. */
  async token(clientId: string, signingKey: ReturnType<typeof loadSigningKey>): Promise<string> {
    const connectTo = `keycloak:8080=127.0.0.1:${this.names.keycloakPort}`;
    const issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true });
    try {
      return (await requestToken(issuer, { clientId, signingKey })).accessToken;
    } finally {
      await issuer.close();
    }
  }

  key(name: Client | "machine-a"): ReturnType<typeof loadSigningKey> {
    return loadSigningKey(join(this.folder, "certs", `${name}-signing.key`));
  }

  async called(token: string, status: number): Promise<void> {
    const answer = await callApi(this.names, token);
    await answer.body?.cancel();
    if (answer.status !== status) throw new Error(`machine-b answered ${answer.status} in place of ${status}`);
  }

  private async refused(clientId: string, signingKey: ReturnType<typeof loadSigningKey>): Promise<void> {
    const status = await this.send(clientId, await signAssertion({ clientId, issuer: ISSUER, signingKey }));
    if (status < 400) throw new Error(`${clientId} was answered ${status}`);
  }

  private async send(clientId: string, assertion: string): Promise<number> {
    const url = `http://localhost:${this.names.keycloakPort}/realms/sjwt-example/protocol/openid-connect/token`;
    const body = new URLSearchParams({
      grant_type: "client_credentials",
      client_id: clientId,
      client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
      client_assertion: assertion,
    });
    const answer = await fetch(url, { method: "POST", body });
    await answer.body?.cancel();
    return answer.status;
  }
}

/** The alerts that are told: their names, with what they are about. */
async function toldAlerts(names: Names): Promise<string[]> {
  return await alerts(names, "inhibited=false");
}

/** Those that fire, also what another one hides now: it is told once that ends, whatever goes wrong meanwhile. */
export async function firingAlerts(names: Names): Promise<string[]> {
  return await alerts(names, "inhibited=true");
}

async function alerts({ keycloakPort }: Names, which: string): Promise<string[]> {
  const url = `http://localhost:${keycloakPort + 6}/api/v2/alerts?active=true&silenced=false&${which}`;
  const found = (await (await fetch(url)).json()) as { labels: Record<string, string> }[];
  const told = found.map(({ labels: { alertname, client_id: client, machine, name } }) =>
    [alertname, client ?? machine ?? name].filter(Boolean).join(" "),
  );
  return told.sort();
}

/** How long an alert may take. */
const WITHIN_MS = 60_000;

/** Waits until just these are told. Gives what is told in the end. */
export async function alertsBecome(names: Names, expected: readonly string[]): Promise<string[]> {
  return await waited(names, (told) => told.join() === [...expected].sort().join());
}

/** Waits until one is told, whatever is told beside it. Gives what is told in the end. */
export async function alertIsTold(names: Names, expected: string): Promise<string[]> {
  return await waited(names, (told) => told.includes(expected));
}

async function waited(names: Names, isEnough: (told: string[]) => boolean): Promise<string[]> {
  const end = Date.now() + WITHIN_MS;
  let told = await toldAlerts(names);
  while (!isEnough(told) && Date.now() < end) {
    await setTimeout(1_000);
    told = await toldAlerts(names);
  }
  return told;
}
