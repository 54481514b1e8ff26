import { EXPIRY } from "./expiry";
import { JOBS } from "./scrape-config";

/** One panel: its title, what it shows, and each line with the text of its legend. */
interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "timeseries" | "stat" | "table";
  /** Grafana's own name. */
  readonly unit: "reqps" | "s" | "percentunit" | "short" | "dateTimeFromNow" | "bool_on_off";
  readonly queries: readonly (readonly [expr: string, legend: string])[];
}

const LOGINS = 'keycloak_user_events_total{event="client_login"';
const TOKENS = '{uri=~".+/protocol/.+/token"}';

const PANELS: readonly Panel[] = [
  {
    title: "Up",
    description: "Whether Keycloak and each machine answer Prometheus.",
    type: "stat",
    unit: "bool_on_off",
    queries: [[`up{job=~"${JOBS.keycloak}|${JOBS.machine}"}`, "{{job}} {{machine}}"]],
  },
  {
    title: "Time left",
    description: "When each declared signing key and certificate ends.",
    type: "table",
    unit: "dateTimeFromNow",
    queries: [[`${EXPIRY} * 1000`, "{{kind}} {{name}}"]],
  },
  {
    title: "Tokens granted",
    description: "Sign-ins of machines that Keycloak granted, a second.",
    type: "timeseries",
    unit: "reqps",
    queries: [[`sum by (client_id) (rate(${LOGINS}, error=""}[5m]))`, "{{client_id}}"]],
  },
  {
    title: "Sign-ins refused",
    description: "By client and Keycloak's word for the reason.",
    type: "timeseries",
    unit: "reqps",
    queries: [[`sum by (client_id, error) (rate(${LOGINS}, error!=""}[5m]))`, "{{client_id}} {{error}}"]],
  },
  {
    title: "Who calls what",
    description: "Requests that a machine's API let pass, by the caller.",
    type: "timeseries",
    unit: "reqps",
    queries: [["sum by (caller, machine) (rate(m2m_accepted_requests_total[5m]))", "{{caller}} → {{machine}}"]],
  },
  {
    title: "Calls refused",
    description: "By the code of the refusal.",
    type: "timeseries",
    unit: "reqps",
    queries: [["sum by (machine, code) (rate(m2m_refusals_total[5m]))", "{{machine}} {{code}}"]],
  },
  {
    title: "Answering a request for a token",
    description: "How long Keycloak takes: the mean.",
    type: "timeseries",
    unit: "s",
    queries: [
      [
        `sum(rate(http_server_requests_seconds_sum${TOKENS}[5m])) / sum(rate(http_server_requests_seconds_count${TOKENS}[5m]))`,
        "mean",
      ],
    ],
  },
  {
    title: "Requests for tokens that miss the objectives",
    description: "Shares that failed or took too long, in an hour.",
    type: "timeseries",
    unit: "percentunit",
    queries: [
      ["m2m:token_requests_failed:ratio_rate1h", "failed"],
      ["m2m:token_requests_late:ratio_rate1h", "too late"],
    ],
  },
  {
    title: "Verified from memory",
    description: "Share of tokens that were verified before.",
    type: "timeseries",
    unit: "percentunit",
    queries: [
      [
        "sum by (machine) (rate(m2m_verification_cache_hits_total[5m])) / sum by (machine) (rate(m2m_verifications_total[5m]))",
        "{{machine}}",
      ],
    ],
  },
  {
    title: "Age of the realm's keys",
    description: "Since a machine last fetched them.",
    type: "timeseries",
    unit: "s",
    queries: [["time() - m2m_jwks_last_fetch_timestamp_seconds", "{{machine}}"]],
  },
  {
    title: "Event loop",
    description: "By how much a machine's event loop is late, at the worst of a hundred times.",
    type: "timeseries",
    unit: "s",
    queries: [["nodejs_eventloop_lag_p99_seconds", "{{machine}}"]],
  },
  {
    title: "Alerts",
    description: "Those that fire.",
    type: "table",
    unit: "short",
    queries: [['ALERTS{alertstate="firing"}', "{{alertname}}"]],
  },
];

const DATA_SOURCE = { type: "prometheus", uid: "$datasource" };

/** Two beside each other, on Grafana's grid of 24 columns. */
const [WIDTH, HEIGHT] = [12, 8];

/**
 * A dashboard for Grafana, which asks for the Prometheus to use.
 *
 * @see https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
 */
export function dashboard(title: string): object {
  return {
    title,
    uid: `m2m-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}`.slice(0, 40),
    tags: ["keycloak", "m2m"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus" }],
    },
    panels: PANELS.map(({ title: heading, description, type, unit, queries }, index) => ({
      id: index + 1,
      title: heading,
      description,
      type,
      datasource: DATA_SOURCE,
      gridPos: { x: (index % 2) * WIDTH, y: Math.floor(index / 2) * HEIGHT, w: WIDTH, h: HEIGHT },
      fieldConfig: { defaults: { unit }, overrides: [] },
      targets: queries.map(([expr, legendFormat], number) => ({
        refId: String.fromCharCode(65 + number),
        datasource: DATA_SOURCE,
        expr,
        legendFormat,
        ...(type !== "timeseries" && { instant: true, ...(type === "table" && { format: "table" }) }),
      })),
    })),
  };
}
