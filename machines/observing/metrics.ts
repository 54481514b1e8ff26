import { shown } from "../../constructs/keys/shown";
import { OptionError } from "../errors";
import type { ObservedCertificate, ObservedOutcome, Observer } from "../observer";
import type { PromClient, PromRegistry } from "./prom-client";
import { BoundedNames, type Row, Tally } from "./tally";

export interface MetricsOptions {
  /**
   * The registry of prom-client that gets the metrics.
   *
   * @default - the global one of the given prom-client
   */
  readonly registry?: PromRegistry;
  /**
   * Callers, and as many clients and issuers, that are told apart in labels: 0 to 10000. Those beyond are `other`.
   *
   * @default 100
   */
  readonly mostCallers?: number;
}

/** Seconds. A grant of Keycloak takes some 10 ms, and a check of a signature some 0.1 ms. */
const REQUEST_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const VERIFICATION_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
/** Of so many checks of a signature one is timed: reading the clock twice would take some 3 % of each. */
const ONE_OF = 16;

/**
 * Makes an observer that counts for Prometheus, by a prom-client of yours. Give one to all machines and guards of a
 * process. Labels hold client ids of this process and of verified tokens, issuers, codes and key ids: at most
 * `mostCallers` of each that somebody else chooses.
 *
 * Does not check: who reads the metrics. They tell who calls this API, and how often.
 *
 * @example
 * ```ts
 * import { createGuard, createMetrics, createVerifier, openMachine } from "cdktf-keycloak-m2m/machine";
 * import client from "prom-client";
 *
 * const observers = [createMetrics(client)];
 * const machine = openMachine({
 *   clientId: "machine-a",
 *   keyFile: "certs/machine-a-signing.key",
 *   issuer: "https://sso.example.org/realms/example",
 *   observers,
 * });
 * const guard = createGuard({ verify: createVerifier(machine.issuer, { audience: "machine-a" }), observers });
 * console.log(await client.register.metrics());
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` for a number out of its bounds, for something else than prom-client, or for a
 *   registry that has these metrics already
 */
export function createMetrics(client: PromClient, options: MetricsOptions = {}): Observer {
  const { registry = client?.register, mostCallers = 100 } = options;
  if (!(Number.isInteger(mostCallers) && mostCallers >= 0 && mostCallers <= 10_000)) {
    throw new OptionError(`\`mostCallers\` must be a whole number from 0 to 10000, got: ${shown(mostCallers)}`);
  }
  const callers = new BoundedNames(mostCallers);
  const clients = new BoundedNames(mostCallers);
  const issuers = new BoundedNames(mostCallers);
  const made = makeMetrics(client, registry, clients);
  const judged = {
    end({ code, caller }: ObservedOutcome) {
      const name = caller === undefined ? "unknown" : callers.of(caller);
      if (code === "OK") made.accepted.add(name);
      else made.refusals.add(name, code);
    },
  };
  let offline = 0;
  const judgedOffline = { end: ({ code }: ObservedOutcome) => made.verifications.add("offline", code) };
  const since = (begun: number) => (performance.now() - begun) / 1000;
  return {
    begin(operation) {
      if (operation.name === "guarded_request") return judged;
      if (operation.name === "verification") {
        const { way } = operation;
        if (way === "offline" && offline++ % ONE_OF !== 0) return judgedOffline;
        const from = performance.now();
        return {
          end({ code }) {
            made.verificationSeconds.observe({ way }, since(from));
            made.verifications.add(way, code);
          },
        };
      }
      const begun = performance.now();
      const issuer = issuers.of(operation.issuer);
      if (operation.name === "keys_request") {
        return {
          end({ code }) {
            made.jwksFetches.add(issuer, code);
            if (code === "OK") made.jwksFetchedAt.set(Date.now() / 1000, issuer);
          },
        };
      }
      const client_id = clients.of(operation.clientId);
      if (operation.isRetry) made.tokenRetries.add(client_id);
      return {
        end({ code }) {
          made.tokenRequestSeconds.observe({ client_id }, since(begun));
          made.tokenRequests.add(client_id, code);
          if (code === "OK") made.tokenGrantedAt.set(Date.now() / 1000, client_id);
        },
      };
    },
    note(event) {
      if (event.name === "token_cache_hit") made.tokenHits.add(clients.of(event.clientId));
      else if (event.name === "replayed_proof") made.replays.add();
      else {
        made.verificationHits.add(event.way);
        made.verifications.add(event.way, "OK");
      }
    },
    watch(certificate) {
      // A copy: the same certificate may be watched by two machines of a process.
      const watched = { ...certificate, read: () => certificate.read() };
      made.certificates.add(watched);
      return () => made.certificates.delete(watched);
    },
  };
}

/** Makes the metrics in the registry. Names and units are Prometheus' conventions. */
function makeMetrics(client: PromClient, registry: PromRegistry, clients: BoundedNames) {
  check(client, registry);
  const certificates = new Set<ObservedCertificate>();
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) => {
    const tally = new Tally(labelNames);
    const collect = () => fill(metric, tally.rows(), (labels, value) => metric.inc(labels, value));
    const metric = new client.Counter({ name, help, labelNames, registers, collect });
    if (labelNames.length === 0) tally.set(0);
    return tally;
  };
  const gauge = <Label extends string>(name: string, help: string, rows: () => Row<Label>[], labelNames: Label[]) => {
    const collect = () => fill(metric, rows(), (labels, value) => metric.set(labels, value));
    const metric = new client.Gauge({ name, help, labelNames, registers, collect });
  };
  const time = <Label extends string>(name: string, help: string, label: Label) => {
    const tally = new Tally([label]);
    gauge(name, help, () => tally.rows(), [label]);
    return tally;
  };
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new client.Histogram({ name, help, labelNames, registers, buckets });
  gauge(
    "m2m_signing_key_expiry_timestamp_seconds",
    "When the certificate of the key that signs now ends",
    () => ends(certificates, "signing", (clientId, kid = "") => ({ client_id: clients.of(clientId), kid })),
    ["client_id", "kid"],
  );
  gauge(
    "m2m_tls_certificate_expiry_timestamp_seconds",
    "When the machine's certificate for TLS ends",
    () => ends(certificates, "tls", (clientId) => ({ client_id: clients.of(clientId) })),
    ["client_id"],
  );
  return {
    certificates,
    tokenRequests: counter("m2m_token_requests_total", "Requests for an access token", "client_id", "code"),
    tokenRequestSeconds: histogram(
      "m2m_token_request_duration_seconds",
      "Time that a request for an access token took",
      ["client_id"],
      REQUEST_BUCKETS,
    ),
    tokenRetries: counter("m2m_token_retries_total", "Requests for an access token after a failed one", "client_id"),
    tokenHits: counter("m2m_token_cache_hits_total", "Calls that got the access token in hand", "client_id"),
    tokenGrantedAt: time("m2m_token_last_grant_timestamp_seconds", "When the last token was granted", "client_id"),
    verifications: counter("m2m_verifications_total", "Tokens that were judged, from memory too", "way", "code"),
    verificationHits: counter("m2m_verification_cache_hits_total", "Tokens that were judged from memory", "way"),
    verificationSeconds: histogram(
      "m2m_verification_duration_seconds",
      "Time that a judgement took that was not from memory; offline one of 16",
      ["way"],
      VERIFICATION_BUCKETS,
    ),
    accepted: counter("m2m_accepted_requests_total", "Requests that a guard let pass", "caller"),
    refusals: counter("m2m_refusals_total", "Requests that a guard refused", "caller", "code"),
    replays: counter("m2m_replayed_proofs_total", "DPoP proofs that came a second time"),
    jwksFetches: counter("m2m_jwks_fetches_total", "Requests for the issuer's public keys", "issuer", "code"),
    jwksFetchedAt: time(
      "m2m_jwks_last_fetch_timestamp_seconds",
      "When the issuer's public keys were fetched last",
      "issuer",
    ),
  };
}

function check(client: PromClient, registry: PromRegistry): void {
  const classes = [client?.Counter, client?.Gauge, client?.Histogram];
  if (!classes.every((one) => typeof one === "function") || typeof registry?.getSingleMetric !== "function") {
    throw new OptionError("`client` must be prom-client 15 as it is imported, and `registry` one of its registries");
  }
  if (registry.getSingleMetric("m2m_token_requests_total") === undefined) return;
  throw new OptionError(
    "`registry` must not have these metrics yet; call createMetrics once, and give what it returns to all",
  );
}

function fill<Label extends string>(
  metric: { reset(): void },
  rows: readonly Row<Label>[],
  put: (labels: Record<string, string>, value: number) => void,
): void {
  metric.reset();
  for (const { labels, value } of rows) put({ ...labels }, value);
}

/** Certificates that are there now. */
function ends<Label extends string>(
  certificates: ReadonlySet<ObservedCertificate>,
  use: ObservedCertificate["use"],
  labelsOf: (clientId: string, kid?: string) => Record<Label, string>,
): Row<Label>[] {
  const watched = [...certificates].filter((one) => one.use === use);
  return watched.flatMap((one) => {
    const read = readQuietly(one);
    if (!read) return [];
    return [{ labels: labelsOf(one.clientId, read.kid), value: read.expiresAt.getTime() / 1000 }];
  });
}

/** A key that cannot be had now must not take the other metrics away. */
function readQuietly(certificate: ObservedCertificate): ReturnType<ObservedCertificate["read"]> {
  try {
    return certificate.read();
  } catch {
    return undefined;
  }
}
