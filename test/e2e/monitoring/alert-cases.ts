// When each alert fires and when it does not, as input of `promtool test rules`.

import type { Watched } from "../../../constructs/monitoring/facts";
import { rules } from "../../../constructs/monitoring/rules";

/** When the declared key ends. */
const END_S = 14_400;

/** Time begins at 0 in a test of rules: ends are seconds from there. */
export const WATCHED: Watched = {
  keycloak: { host: "keycloak", port: 9000 },
  alertmanager: "alertmanager:9093",
  machines: [{ name: "machine-b", target: "machine-b:9464" }],
  callers: [{ realm: "sjwt", clientId: "machine-a" }],
  silenceSeconds: 900,
  expiring: [
    { kind: "signing key", name: "machine-a", notAfter: new Date(END_S * 1000) },
    { kind: "certificate", name: "machine-b", notAfter: new Date(400 * 86_400_000) },
  ],
  expiryWarningDays: 14,
  scrapeSeconds: 10,
  objectives: { answeredPercent: 99.9, inTimePercent: 99, milliseconds: 500 },
  runbook: "docs/monitoring.md",
};

/** One moment of a story. */
export interface AlertCase {
  readonly title: string;
  /** Values every ten seconds, in promtool's notation. */
  readonly series: Readonly<Record<string, string>>;
  /** Seconds from the beginning. */
  readonly at: number;
  /** Labels of the alerts that fire, by name; every other alert is quiet. */
  readonly fires: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What stands in a summary for the value. */
  readonly value?: string;
}

export const up = (job: string, values: string, more = "") => ({ [`up{job="${job}", instance="x"${more}}`]: values });
/** A series as it is scraped of the job of {@link up}. */
const scraped = (job: string, series: string) =>
  series.replace("{", `{job="${job}", instance="x", `).replace(", }", "}");
const events = (labels: string) => `keycloak_user_events_total{event="client_login", realm="sjwt", ${labels}}`;
const refusals = (code: string) => `m2m_refusals_total{machine="machine-b", caller="machine-a", code="${code}"}`;
const served = (what: string, labels: string) =>
  `http_server_requests_seconds_${what}{uri="/realms/{realm}/protocol/{protocol}/token", ${labels}}`;

/** Keycloak's connections to its database. */
export const pool = (active: string, available: string, acquired: string, instance = "x") => ({
  [`agroal_active_count{job="keycloak", instance="${instance}"}`]: active,
  [`agroal_available_count{job="keycloak", instance="${instance}"}`]: available,
  [`agroal_acquire_count_total{job="keycloak", instance="${instance}"}`]: acquired,
});

/** The declared key ends in four hours, so that its warning is there from the beginning. */
const KEY_ENDS = { KeyEnds: { kind: "signing key", name: "machine-a" } };
/** It goes on asking, so that it is not silent. */
export const ASKS = { [events('client_id="machine-a", error=""')]: "0+1x1000" };

const CASES: readonly AlertCase[] = [
  { title: "all is well", series: { ...up("keycloak", "1x60"), ...ASKS }, at: 300, fires: {} },
  {
    title: "Keycloak is gone for ten seconds",
    series: { ...up("keycloak", "1x3 0 1x20"), ...ASKS },
    at: 40,
    fires: {},
  },
  {
    title: "Keycloak stays away",
    series: { ...up("keycloak", "1x3 0x20"), ...ASKS },
    at: 60,
    fires: { KeycloakDown: { job: "keycloak", instance: "x" } },
  },
  {
    title: "a machine stays away",
    series: { ...up("machine", "1x3 0x20", ', machine="machine-b"'), ...ASKS },
    at: 60,
    fires: { MachineDown: { job: "machine", instance: "x", machine: "machine-b" } },
  },
  {
    title: "Keycloak has no connection to its database",
    series: { ...ASKS, ...up("keycloak", "1x40"), ...pool("1x3 0x30", "2x3 0x30", "40x40") },
    at: 60,
    fires: { DatabaseDown: {} },
  },
  {
    title: "Keycloak's database does not answer",
    series: { ...ASKS, ...up("keycloak", "1x40"), ...pool("0x3 1x30", "2x40", "40+1x3 44x40") },
    at: 100,
    fires: { DatabaseDown: {} },
  },
  {
    title: "Keycloak gives idle connections back",
    series: { ...ASKS, ...up("keycloak", "1x40"), ...pool("0x40", "2x3 0 1x30", "40x40") },
    at: 60,
    fires: {},
  },
  {
    title: "Keycloak always has a connection in use",
    series: { ...ASKS, ...up("keycloak", "1x40"), ...pool("1x40", "0x40", "40+9x40") },
    at: 300,
    fires: {},
  },
  {
    title: "four assertions are refused",
    series: { ...ASKS, [events('client_id="machine-a", error="invalid_client_credentials"')]: "_x3 4x40" },
    at: 60,
    fires: {},
  },
  {
    title: "five assertions are refused, the first that ever were",
    series: { ...ASKS, [events('client_id="machine-a", error="invalid_client_credentials"')]: "_x3 5x40" },
    at: 60,
    fires: {
      AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_client_credentials" },
    },
  },
  {
    title: "Keycloak goes down right after refusals",
    series: { ...ASKS, [events('client_id="machine-a", error="invalid_client_credentials"')]: "_x3 5x2 stale" },
    at: 60,
    fires: {
      AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_client_credentials" },
    },
  },
  {
    title: "refused assertions are an hour old",
    series: { ...ASKS, [events('client_id="machine-a", error="invalid_client_credentials"')]: "0 50x400" },
    at: 3600,
    fires: {},
  },
  {
    title: "Keycloak is restarted after refusals, and five follow",
    series: { ...ASKS, [events('client_id="machine-a", error="invalid_client_credentials"')]: "50x40 0 5x10" },
    at: 440,
    fires: {
      AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_client_credentials" },
    },
  },
  {
    title: "a disabled client asks once",
    series: { ...ASKS, [events('client_id="machine-a", error="client_disabled"')]: "_x3 1x40" },
    at: 60,
    fires: { ClientDisabled: { realm: "sjwt", client_id: "machine-a" } },
  },
  {
    title: "calls lack a scope",
    series: { ...ASKS, [refusals("ERR_TOKEN_SCOPE")]: "_x3 3x40" },
    at: 60,
    fires: { CallsNotGranted: { machine: "machine-b", caller: "machine-a", code: "ERR_TOKEN_SCOPE" } },
  },
  {
    title: "tokens end now and then",
    series: { ...ASKS, [refusals("ERR_TOKEN_EXPIRED")]: "0+1x40" },
    at: 300,
    fires: {},
  },
  {
    title: "a flood of bad tokens",
    series: { ...ASKS, [refusals("ERR_TOKEN_SIGNATURE")]: "0x3 100+100x40" },
    at: 60,
    fires: { BadTokens: { machine: "machine-b" } },
  },
  {
    title: "the keys cannot be fetched",
    series: {
      ...ASKS,
      'm2m_jwks_fetches_total{machine="machine-b", issuer="i", code="ERR_UNREACHABLE"}': "_x3 1x40",
    },
    at: 60,
    fires: { KeysNotFetched: { machine: "machine-b", code: "ERR_UNREACHABLE" } },
  },
  {
    title: "a key has ended",
    series: ASKS,
    at: END_S + 10,
    fires: { KeyEnded: { kind: "signing key", name: "machine-a" } },
  },
  {
    title: "a machine uses a certificate that ends before the declared one",
    series: { ...ASKS, 'm2m_tls_certificate_expiry_timestamp_seconds{client_id="machine-b", machine="m"}': "50x20" },
    at: 60,
    fires: { KeyEnded: { kind: "certificate", name: "machine-b" } },
  },
  {
    title: "a machine that asks all the time stops",
    series: { [events('client_id="machine-a", error=""')]: "0+1x60 60x200", ...up("keycloak", "1x300") },
    at: 2000,
    fires: { MachineSilent: { realm: "sjwt", client_id: "machine-a" } },
  },
  {
    title: "a machine has stopped since a start of Keycloak, whose counters began anew",
    series: { [events('client_id="machine-a", error=""')]: "0+1x20 stale", ...up("keycloak", "1x20 0x6 1x400") },
    at: 2000,
    fires: { MachineSilent: { realm: "sjwt", client_id: "machine-a" } },
  },
  {
    title: "a machine that asks all the time never did",
    series: up("keycloak", "1x400"),
    at: 2000,
    fires: { MachineSilent: { realm: "sjwt", client_id: "machine-a" } },
  },
  {
    title: "a machine has its first token since a start of Keycloak, and needs no other yet",
    series: {
      [events('client_id="machine-a", error=""')]: "0+1x100 stale _x5 1x20",
      ...up("keycloak", "1x100 0x6 1x400"),
    },
    at: 1200,
    fires: {},
  },
  {
    title: "Keycloak was out of sight, and refused many long before",
    series: {
      ...ASKS,
      [scraped("keycloak", events('client_id="machine-a", error="invalid_scope"'))]: "90x30 stale _x40 90x40",
      ...up("keycloak", "1x30 0x40 1x40"),
      [scraped("keycloak", "process_start_time_seconds{}")]: "0x30 stale _x40 0x40",
    },
    at: 760,
    fires: {},
  },
  {
    title: "Keycloak is out of sight, and refuses many when it is back",
    series: {
      ...ASKS,
      [scraped("keycloak", events('client_id="machine-a", error="invalid_scope"'))]: "90x30 stale _x40 90x3 99x40",
      ...up("keycloak", "1x30 0x40 1x40"),
      [scraped("keycloak", "process_start_time_seconds{}")]: "0x30 stale _x40 0x40",
    },
    at: 780,
    fires: { AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_scope" } },
  },
  {
    title: "a new Keycloak refuses many before it is seen first",
    series: {
      ...ASKS,
      [scraped("keycloak", events('client_id="machine-a", error="invalid_scope"'))]: "_x70 6x40",
      ...up("keycloak", "1x30 0x40 1x40"),
      [scraped("keycloak", "process_start_time_seconds{}")]: "0x30 stale _x40 690x40",
    },
    at: 740,
    fires: { AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_scope" } },
  },
  {
    title: "Keycloak is restarted after three refusals, and seven follow before it is seen again",
    series: {
      ...ASKS,
      [scraped("keycloak", events('client_id="machine-a", error="invalid_scope"'))]: "3x40 stale _x3 7x10",
      ...up("keycloak", "1x40 0x3 1x10"),
      [scraped("keycloak", "process_start_time_seconds{}")]: "0x40 stale _x3 430x10",
    },
    at: 500,
    fires: { AssertionsRefused: { realm: "sjwt", client_id: "machine-a", error: "invalid_scope" } },
  },
  {
    title: "the keys could not be fetched while Keycloak was down",
    series: {
      ...ASKS,
      'm2m_jwks_fetches_total{machine="machine-b", issuer="i", code="ERR_UNREACHABLE"}': "0x30 1x40",
      ...up("keycloak", "1x28 0x6 1x40"),
    },
    at: 380,
    fires: {},
  },
  {
    title: "two of a hundred requests for tokens fail for an hour",
    series: {
      ...ASKS,
      [served("count", 'status="200"')]: "0+98x400",
      [served("count", 'status="500"')]: "0+2x400",
      [served("bucket", 'status="200", le="0.5"')]: "0+98x400",
      [served("bucket", 'status="500", le="0.5"')]: "0+2x400",
    },
    at: 3900,
    fires: { TokensFailFast: {}, TokensFailSlowly: {} },
  },
  {
    title: "one of ten takes too long",
    series: {
      ...ASKS,
      [served("count", 'status="200"')]: "0+10x400",
      [served("bucket", 'status="200", le="0.5"')]: "0+9x400",
    },
    at: 3900,
    fires: { TokensLateSlowly: {} },
  },
  {
    title: "the first two of three requests after a start take long",
    series: {
      ...ASKS,
      [served("count", 'status="200"')]: "0 3x60",
      [served("bucket", 'status="200", le="0.5"')]: "0 1x60",
    },
    at: 120,
    fires: {},
  },
];

interface Rule {
  readonly alert?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The cases as promtool takes them: of each moment, every alert is held against what is expected. */
export function ruleTests(watched = WATCHED, cases = CASES): object {
  const { groups } = rules(watched) as { groups: { rules: Rule[] }[] };
  const alerts = groups.flatMap((group) => group.rules).filter((rule) => rule.alert !== undefined);
  return {
    rule_files: ["rules.yml"],
    evaluation_interval: "10s",
    tests: cases.map((one) => ({
      name: one.title,
      interval: "10s",
      input_series: Object.entries(one.series).map(([name, values]) => ({ series: name, values })),
      alert_rule_test: alerts.map((rule) => ({
        eval_time: `${one.at}s`,
        alertname: rule.alert,
        exp_alerts: expected(rule, one),
      })),
    })),
  };
}

function expected(rule: Rule, { at, fires, value = "" }: AlertCase): object[] {
  const isEnding = at < END_S;
  const all: AlertCase["fires"] = { ...(isEnding ? KEY_ENDS : ENDED), ...fires };
  const labels = all[rule.alert!];
  if (!labels) return [];
  const left = `${Math.floor((END_S - at) / 3600)}h ${Math.floor(((END_S - at) % 3600) / 60)}m ${(END_S - at) % 60}s`;
  const filled = (text: string) =>
    text
      .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, name: string) => labels[name] ?? "")
      .replace("{{ $value | humanizeDuration }}", left)
      .replace("{{ $value }}", value);
  const annotations = Object.fromEntries(Object.entries(rule.annotations).map(([name, text]) => [name, filled(text)]));
  return [{ exp_labels: { ...rule.labels, ...labels }, exp_annotations: annotations }];
}

const ENDED = { KeyEnded: { kind: "signing key", name: "machine-a" } };
