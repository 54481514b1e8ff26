import { type Alert, growth } from "./alert";
import { EXPIRY, EXPIRY_USED } from "./expiry";
import type { Watched, WatchedKeycloak } from "./facts";
import { objectiveAlerts } from "./objectives";
import { JOBS } from "./scrape-config";

const KEYCLOAK_UP = `up{job="${JOBS.keycloak}"}`;

/** Every refused sign-in of a client, by the client and Keycloak's word for the reason. */
const REFUSED = 'keycloak_user_events_total{event="client_login", error!=""}';
const OFF = 'keycloak_user_events_total{event="client_login", error="client_disabled"}';
const GRANTED = 'keycloak_user_events_total{event="client_login", error=""}';

/** Refusals of tokens that are good, but not for this API or for what was asked of it. */
const NOT_GRANTED = 'm2m_refusals_total{code=~"ERR_TOKEN_(SCOPE|ROLE|CLAIM)"}';
const BAD = 'm2m_refusals_total{code=~"ERR_TOKEN_(MALFORMED|ALGORITHM|SIGNATURE|TYPE|EXPIRED|PROOF|INACTIVE)"}';

/** The alerts, the gravest first. */
export function alerts(watched: Watched): Alert[] {
  return [
    ...outages(watched),
    ...refusals(),
    ...endings(watched),
    ...silence(watched),
    ...objectiveAlerts(watched.objectives),
  ];
}

function outages({ keycloak, scrapeSeconds }: Watched): Alert[] {
  return [
    ...(keycloak.replicas === undefined ? [SERVER_DOWN] : clusterDown(keycloak.replicas, scrapeSeconds)),
    databaseDown(scrapeSeconds),
    {
      name: "MachineDown",
      severity: "critical",
      expr: `up{job="${JOBS.machine}"} == 0`,
      forSeconds: 15,
      summary: "the machine {{ $labels.machine }} does not answer",
      todo: "Look at the container and its log.",
    },
    {
      name: "KeysNotFetched",
      severity: "critical",
      // Not while Keycloak is down, nor for what remains in the window when it is back.
      expr: `${growth('m2m_jwks_fetches_total{code!="OK"}', ["machine", "code"], "2m")} >= 1 unless on () ${wasDown(keycloak)} == 0`,
      forSeconds: 15,
      summary: "{{ $labels.machine }} cannot fetch the realm's public keys: {{ $labels.code }}",
      todo: "It verifies with the keys it has. Look at the way from the machine to Keycloak.",
    },
  ];
}

const SERVER_DOWN: Alert = {
  name: "KeycloakDown",
  severity: "critical",
  expr: `${KEYCLOAK_UP} == 0`,
  forSeconds: 15,
  summary: "Keycloak does not answer",
  todo: "Machines go on with the tokens they have, for minutes. Look at the container and its log.",
};

/**
 * Keycloak's health check has the pool make a connection if there is none, so an empty one gets none. Where a database takes
 * connections and does not answer, they stay in use, and nothing gets another one. A single statement that takes so long while
 * nobody asks for a token looks the same.
 */
function databaseDown(scrapeSeconds: number): Alert {
  const pool = (figure: string) => `agroal_${figure}{job="${JOBS.keycloak}"}`;
  const window = `${Math.max(25, Math.ceil(2.5 * scrapeSeconds))}s`;
  const isEmpty = `${pool("active_count")} + ${pool("available_count")} == 0`;
  const isStuck = `min_over_time(${pool("active_count")}[${window}]) > 0 and increase(${pool("acquire_count_total")}[${window}]) == 0`;
  return {
    name: "DatabaseDown",
    severity: "critical",
    expr: `count((${isEmpty}) or (${isStuck})) > 0`,
    forSeconds: 15,
    summary: "Keycloak cannot use its database",
    todo: "Machines go on with the tokens they have, for minutes. Look at the database: its container or machine, its disk, its log.",
  };
}

/** Servers that are not ready have no address any more: what is missing is counted. */
function clusterDown(replicas: number, scrapeSeconds: number): Alert[] {
  return [
    {
      ...SERVER_DOWN,
      expr: `absent(${KEYCLOAK_UP} == 1)`,
      forSeconds: Math.max(15, 2 * scrapeSeconds), // the first look of all comes after a while
      summary: "no server of the cluster answers",
      todo: "Machines go on with the tokens they have, for minutes. Look at `m2m logs`, and at the database.",
    },
    {
      name: "ReplicaDown",
      severity: "warning",
      expr: `count(${KEYCLOAK_UP} == 1) < ${replicas}`,
      forSeconds: 15,
      summary: `{{ $value }} of ${replicas} servers of the cluster are ready`,
      todo: "The others go on. Swarm starts another one: `docker service ps` says what keeps it.",
    },
  ];
}

/** The least that Keycloak was up of late: 0 where no server was for a while. */
function wasDown({ replicas }: WatchedKeycloak): string {
  if (replicas === undefined) return `min_over_time(${KEYCLOAK_UP}[3m])`;
  return `min_over_time((max(${KEYCLOAK_UP}) or vector(0))[3m:10s])`;
}

function refusals(): Alert[] {
  return [
    {
      name: "ClientDisabled",
      severity: "critical",
      expr: `${growth(OFF, ["realm", "client_id"], "5m")} >= 1`,
      summary: "the client {{ $labels.client_id }} is disabled and asks for tokens",
      todo: "Somebody disabled it by hand. `m2m drift` shows it, `m2m up` enables it.",
    },
    {
      name: "AssertionsRefused",
      severity: "warning",
      expr: `${growth(REFUSED, ["realm", "client_id", "error"], "5m")} >= 5`,
      summary: "Keycloak refuses {{ $labels.client_id }}: {{ $labels.error }}",
      todo: "`m2m events` says why, as far as it can be known.",
    },
    {
      name: "CallsNotGranted",
      severity: "warning",
      expr: `${growth(NOT_GRANTED, ["machine", "caller", "code"], "5m")} >= 3`,
      summary: "{{ $labels.machine }} refuses calls that are not granted: {{ $labels.code }}",
      todo: "`m2m who-can --live` compares the grants with the declaration.",
    },
    {
      name: "BadTokens",
      severity: "warning",
      expr: `${growth(BAD, ["machine"], "1m")} >= 60`,
      summary: "{{ $labels.machine }} gets many tokens that are none",
      todo: "Its log and that of the proxy before it say from where.",
    },
  ];
}

function endings({ expiryWarningDays }: Watched): Alert[] {
  // What a machine uses may end before what is declared.
  const left = `min by (kind, name) ({__name__=~"${EXPIRY}|${EXPIRY_USED}"}) - time()`;
  return [
    {
      name: "KeyEnded",
      severity: "critical",
      expr: `${left} <= 0`,
      summary: "the {{ $labels.kind }} {{ $labels.name }} has ended",
      todo: "`m2m keys rotate` replaces a signing key, `m2m certificates renew` a certificate.",
    },
    {
      name: "KeyEnds",
      severity: "warning",
      expr: `${left} < ${expiryWarningDays * 86_400} > 0`,
      summary: "the {{ $labels.kind }} {{ $labels.name }} ends in {{ $value | humanizeDuration }}",
      todo: "`m2m keys rotate` replaces a signing key, `m2m certificates renew` a certificate.",
    },
  ];
}

/**
 * Only of clients that are said to ask all the time: others may have nothing to do. It is told also of one that was never
 * seen, but not before Keycloak has been there for the whole time: its counters begin anew with it.
 */
function silence({ callers, silenceSeconds }: Watched): Alert[] {
  const window = `${silenceSeconds}s`;
  const isThere = `min_over_time(${KEYCLOAK_UP}[${window}]) == 1 and ${KEYCLOAK_UP} offset ${window} == 1`;
  return callers.map(({ realm, clientId }) => {
    const series = `${GRANTED.slice(0, -1)}, realm=${text(realm)}, client_id=${text(clientId)}}`;
    const silent = `${isThere} unless on () ${growth(series, [], window)} > 0`;
    return {
      name: "MachineSilent",
      severity: "warning" as const,
      expr: `sum by (realm, client_id) (${labelled(labelled(silent, "realm", realm), "client_id", clientId)})`,
      summary: `{{ $labels.client_id }} got no token for ${silenceSeconds} seconds`,
      todo: "Look whether the machine runs.",
    };
  });
}

/** A text in PromQL, whose escapes are those of JSON. A client id may have quotes and backslashes. */
function text(value: string): string {
  return JSON.stringify(value);
}

/** A vector with one more label. */
function labelled(vector: string, name: string, value: string): string {
  return `label_replace(${vector}, "${name}", ${text(value.replaceAll("$", "$$$$"))}, "", "")`;
}
