import { writeFileSync } from "node:fs";
import client from "prom-client";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { selfSign } from "../../../constructs/keys/self-sign";
import {
  createDpopKey,
  createGuard,
  createIntrospector,
  createMetrics,
  createVerifier,
  expressGuard,
  type Machine,
  type MachineOptions,
  type Observer,
  openMachine,
} from "../../../machines";
import { TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { listen } from "../listen";

const folder = testFolder();
let server: TestIssuer;
let key: TestKey;
let registry: client.Registry;
let metrics: Observer;
let machine: Machine;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  key = await folder.key("machine-a.key", "ES256");
  server.clients.set("machine-a", key);
});
beforeEach(() => {
  server.reset();
  registry = new client.Registry();
  metrics = createMetrics(client, { registry });
  machine = open();
});
afterEach(() => machine.close());
afterAll(async () => {
  await server.stop();
  folder.remove();
});

function open(options: Partial<MachineOptions> = {}): Machine {
  return openMachine({
    clientId: "machine-a",
    keyFile: key.file,
    issuer: server.url,
    connectTo: server.connectTo,
    allowInsecureHttp: true,
    patienceMs: 0,
    log: () => {},
    observers: [metrics],
    ...options,
  });
}

/** The samples of a scrape that a metric has, as they are written. */
async function samples(name: string): Promise<string[]> {
  const text = await registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
}

async function numberOf(sample: string): Promise<number> {
  const [line] = await samples(sample.split("{")[0]!).then((all) => all.filter((one) => one.startsWith(`${sample} `)));
  return Number(line?.split(" ").at(-1));
}

describe("metrics of a calling machine", () => {
  it("count grants, calls from memory, failures by code and retries", async () => {
    await Promise.all([machine.getToken(), machine.getToken()]);
    await machine.getToken();
    await machine.getToken();
    expect(await samples("m2m_token_requests_total")).toEqual([
      'm2m_token_requests_total{client_id="machine-a",code="OK"} 1',
    ]);
    expect(await samples("m2m_token_cache_hits_total")).toEqual([
      'm2m_token_cache_hits_total{client_id="machine-a"} 2',
    ]);
    expect(await samples("m2m_token_retries_total")).toEqual([]);
    const granted = await numberOf('m2m_token_last_grant_timestamp_seconds{client_id="machine-a"}');
    expect(Math.abs(granted - Date.now() / 1000)).toBeLessThan(10);

    server.answers.set("/token", () => ({ status: 503, body: "" }));
    const patient = open({ patienceMs: 600, scope: "other" });
    await expect(patient.getToken()).rejects.toMatchObject({ code: "ERR_UNREACHABLE" });
    await patient.close();
    const failed = await numberOf('m2m_token_requests_total{client_id="machine-a",code="ERR_UNREACHABLE"}');
    expect(failed).toBeGreaterThan(1);
    expect(await numberOf('m2m_token_retries_total{client_id="machine-a"}')).toBe(failed - 1);
    expect(await numberOf('m2m_token_request_duration_seconds_count{client_id="machine-a"}')).toBe(failed + 1);
    expect(await numberOf('m2m_token_last_grant_timestamp_seconds{client_id="machine-a"}')).toBe(granted);
  });

  it("tell when the signing key's certificate ends, and nothing of one of another key", async () => {
    const certificate = selfSign(key.privateKey, "machine-a", 90);
    const file = folder.path("machine-a.crt");
    expect(await samples("m2m_signing_key_expiry_timestamp_seconds")).toEqual([]);
    writeFileSync(file, certificate);
    const [sample = ""] = await samples("m2m_signing_key_expiry_timestamp_seconds");
    expect(sample).toContain(`{client_id="machine-a",kid="${key.kid}"}`);
    const inDays = (Number(sample.split(" ").at(-1)) - Date.now() / 1000) / 86_400;
    expect(Math.abs(inDays - 90)).toBeLessThan(1.5);
    writeFileSync(file, selfSign((await folder.key("other.key", "ES256")).privateKey, "machine-a", 90));
    expect(await samples("m2m_signing_key_expiry_timestamp_seconds")).toEqual([]);
    writeFileSync(file, "no certificate");
    expect(await samples("m2m_signing_key_expiry_timestamp_seconds")).toEqual([]);
    writeFileSync(file, certificate);
    await machine.close();
    expect(await samples("m2m_signing_key_expiry_timestamp_seconds")).toEqual([]);
  });

  it("tell when the certificate for TLS ends, of the file that is given", async () => {
    const tls = await folder.key("tls.key", "ES256");
    const caFile = folder.write("tls.crt", selfSign(tls.privateKey, "machine-a", 30));
    const withTls = open({ tls: { caFile, certificateFile: caFile, keyFile: tls.file } });
    const certificateFile = folder.write("signing.pem", selfSign(key.privateKey, "machine-a", 10));
    const elsewhere = open({ clientId: "elsewhere", certificateFile });
    const days = (value: number) => Math.round((value - Date.now() / 1000) / 86_400);
    const ofTls = await numberOf('m2m_tls_certificate_expiry_timestamp_seconds{client_id="machine-a"}');
    expect(Math.abs(days(ofTls) - 30)).toBeLessThan(2);
    const ofKey = await numberOf(`m2m_signing_key_expiry_timestamp_seconds{client_id="elsewhere",kid="${key.kid}"}`);
    expect(Math.abs(days(ofKey) - 10)).toBeLessThan(2);
    await Promise.all([withTls.close(), elsewhere.close()]);
  });
});

describe("metrics of an API", () => {
  it("count verdicts by caller and code, tokens from memory, and the age of the keys", async () => {
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    const guard = createGuard({ verify, scopes: ["profile"], observers: [metrics], log: () => {} });
    const api = await listen((request, response) => expressGuard(guard)(request, response, () => response.end()));
    const call = async (authorization?: string) =>
      (await fetch(api.url, { headers: authorization === undefined ? {} : { authorization } })).status;
    const token = await server.mint();
    for (let times = 0; times < 3; times++) expect(await call(`Bearer ${token}`)).toBe(200); // the last one from memory
    expect(await call(`Bearer ${await server.mint({ scope: "email" })}`)).toBe(403);
    expect(await call(`Bearer ${await server.mint({ exp: 1 })}`)).toBe(401);
    expect(await call("Bearer x.y.z")).toBe(401);
    expect(await call()).toBe(401);
    expect(await call("Bearer ")).toBe(400);
    await api.close();

    expect(await samples("m2m_accepted_requests_total")).toEqual(['m2m_accepted_requests_total{caller="machine-a"} 3']);
    expect((await samples("m2m_refusals_total")).sort()).toEqual(
      [
        'm2m_refusals_total{caller="machine-a",code="ERR_TOKEN_SCOPE"} 1',
        'm2m_refusals_total{caller="unknown",code="ERR_TOKEN_EXPIRED"} 1',
        'm2m_refusals_total{caller="unknown",code="ERR_TOKEN_MALFORMED"} 1',
        'm2m_refusals_total{caller="unknown",code="INVALID_REQUEST"} 1',
        'm2m_refusals_total{caller="unknown",code="NO_TOKEN"} 1',
      ].sort(),
    );
    expect((await samples("m2m_verifications_total")).sort()).toEqual([
      'm2m_verifications_total{way="offline",code="ERR_TOKEN_EXPIRED"} 1',
      'm2m_verifications_total{way="offline",code="ERR_TOKEN_MALFORMED"} 1',
      'm2m_verifications_total{way="offline",code="OK"} 4',
    ]);
    expect(await numberOf('m2m_verification_cache_hits_total{way="offline"}')).toBe(1);
    expect(await numberOf('m2m_verification_duration_seconds_count{way="offline"}')).toBe(1); // the first of 16
    expect(await samples("m2m_jwks_fetches_total")).toEqual([
      `m2m_jwks_fetches_total{issuer="${server.url}",code="OK"} 1`,
    ]);
    const fetched = await numberOf(`m2m_jwks_last_fetch_timestamp_seconds{issuer="${server.url}"}`);
    expect(Math.abs(fetched - Date.now() / 1000)).toBeLessThan(10);
    expect(await samples("m2m_replayed_proofs_total")).toEqual(["m2m_replayed_proofs_total 0"]);
  });

  it("count questions to the issuer, and requests that it could not answer", async () => {
    server.clients.set("machine-b", key);
    const verify = createIntrospector(machine.issuer, {
      audience: "machine-b",
      clientId: "machine-b",
      signingKey: key,
    });
    const guard = createGuard({ verify, observers: [metrics], log: () => {} });
    expect(await guard(`Bearer ${await server.mint()}`)).toHaveProperty("token");
    expect(await guard(`Bearer ${"x".repeat(20_000)}`)).toHaveProperty("refusal");
    server.answers.set("/token/introspect", () => ({ status: 503, body: "" }));
    expect(await guard(`Bearer ${await server.mint()}`)).toHaveProperty("refusal.status", 503);
    expect((await samples("m2m_verifications_total")).sort()).toEqual([
      'm2m_verifications_total{way="online",code="ERR_TOKEN_MALFORMED"} 1',
      'm2m_verifications_total{way="online",code="ERR_UNREACHABLE"} 1',
      'm2m_verifications_total{way="online",code="OK"} 1',
    ]);
    expect(await numberOf('m2m_refusals_total{caller="unknown",code="ERR_UNREACHABLE"}')).toBe(1);
    expect(await numberOf('m2m_verification_duration_seconds_count{way="online"}')).toBe(3);
  });

  it("count DPoP proofs that come again", async () => {
    const dpop = createDpopKey();
    const bound = open({ dpop });
    const accessToken = await bound.getToken();
    await bound.close();
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    const guard = createGuard({ verify, origin: "https://api.test", observers: [metrics] });
    const request = { method: "GET", url: "https://api.test/x" };
    const sent = { ...request, dpop: dpop.proof({ ...request, accessToken }) };
    expect(await guard(`DPoP ${accessToken}`, sent)).toHaveProperty("token");
    expect(await guard(`DPoP ${accessToken}`, sent)).toHaveProperty("refusal");
    expect(await guard(`DPoP ${accessToken}`, { ...sent, method: "POST" })).toHaveProperty("refusal");
    expect(await samples("m2m_replayed_proofs_total")).toEqual(["m2m_replayed_proofs_total 1"]);
    expect(await numberOf('m2m_refusals_total{caller="machine-a",code="ERR_TOKEN_PROOF"}')).toBe(2);
  });
});

describe("labels", () => {
  it("do not grow without end: beyond `mostCallers` callers are counted as other", async () => {
    registry.clear();
    metrics = createMetrics(client, { registry, mostCallers: 3 });
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    const guard = createGuard({ verify, observers: [metrics] });
    for (let index = 0; index < 20; index++) {
      expect(await guard(`Bearer ${await server.mint({ azp: `client-${index}` })}`)).toHaveProperty("token");
    }
    await guard(`Bearer ${await server.mint({ azp: "client-1" })}`);
    expect(await samples("m2m_accepted_requests_total")).toEqual([
      'm2m_accepted_requests_total{caller="client-0"} 1',
      'm2m_accepted_requests_total{caller="client-1"} 2',
      'm2m_accepted_requests_total{caller="client-2"} 1',
      'm2m_accepted_requests_total{caller="other"} 17',
    ]);
  });

  it("hold no token, no assertion and nothing that a caller makes up", async () => {
    const verify = createVerifier(machine.issuer, { audience: "machine-b" });
    const guard = createGuard({ verify, observers: [metrics], log: () => {} });
    const token = await machine.getToken();
    await guard(`Bearer ${token}`);
    const forged = await server.mint({ azp: "made-up" }, {}, key as never);
    await guard(`Bearer ${forged}`);
    await guard("Bearer made-up");
    await guard(`Bearer ${await server.mint({ azp: 'quoted"\\}' })}`);
    const text = await registry.metrics();
    expect(text).not.toContain("eyJ");
    expect(text).not.toContain("made-up");
    expect(text).not.toContain(token.split(".")[2]);
    expect(text).toContain('m2m_accepted_requests_total{caller="quoted\\"\\\\}"} 1');
  });
});

describe("createMetrics", () => {
  it("takes the global registry of the given prom-client by default", async () => {
    createMetrics(client);
    expect(await client.register.metrics()).toContain("# TYPE m2m_token_requests_total counter");
    client.register.clear();
  });

  it("writes names, types and units as Prometheus wants them", async () => {
    const types = (await registry.metrics()).match(/^# TYPE .*$/gm)!.map((line) => line.slice("# TYPE ".length));
    expect(types.length).toBe(15);
    for (const line of types) {
      expect(line).toMatch(/^m2m_\w+_(total counter|duration_seconds histogram|timestamp_seconds gauge)$/);
    }
  });

  it("is refused twice in one registry, without prom-client, and for odd numbers", () => {
    expect(() => createMetrics(client, { registry })).toThrow("`registry` must not have these metrics yet");
    for (const odd of [undefined, null, {}, { ...client, Counter: 1 }]) {
      expect(() => createMetrics(odd as never)).toThrow("`client` must be prom-client 15 as it is imported");
    }
    for (const mostCallers of [-1, 1.5, 10_001, "3"]) {
      expect(() => createMetrics(client, { registry, mostCallers: mostCallers as number })).toThrow(
        "`mostCallers` must be a whole number from 0 to 10000, got: ",
      );
    }
  });
});
