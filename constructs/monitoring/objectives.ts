import type { Alert, Recording } from "./alert";
import type { Objectives } from "./facts";

const SERVED = "http_server_requests_seconds";

/** Requests for tokens. Those of Terraform and administrators are among them, and few. */
const TOKENS = '{uri=~".+/protocol/.+/token"}';
const FAILED = '{uri=~".+/protocol/.+/token", status=~"5.."}';

/** Fewer requests in a window say nothing: after a start, one slow answer of two would be half of them. */
const LEAST_REQUESTS = 20;

/** How fast the allowed errors are used up, over which windows, until somebody is told. */
const BURNING = [
  { speed: "Fast", severity: "critical", factor: 14.4, windows: ["5m", "1h"], share: "2 % of a month's in an hour" },
  { speed: "Slowly", severity: "warning", factor: 6, windows: ["30m", "6h"], share: "5 % of a month's in six hours" },
] as const;

const WINDOWS = BURNING.flatMap(({ windows }) => [...windows]);

/** Shares of requests for tokens that failed, or took too long, over each window. */
export function objectiveRecordings({ milliseconds }: Objectives): Recording[] {
  const inTime = `{uri=~".+/protocol/.+/token", le="${bucket(milliseconds)}"}`;
  return WINDOWS.flatMap((window) => {
    const all = `sum(rate(${SERVED}_count${TOKENS}[${window}]))`;
    const failed = `(sum(rate(${SERVED}_count${FAILED}[${window}])) or vector(0))`;
    const fast = `sum(rate(${SERVED}_bucket${inTime}[${window}]))`;
    const enough = `sum(increase(${SERVED}_count${TOKENS}[${window}])) >= ${LEAST_REQUESTS}`;
    return [
      { record: failedShare(window), expr: `${failed} / ${all} and ${enough}` },
      { record: lateShare(window), expr: `1 - ${fast} / ${all} and ${enough}` },
    ];
  });
}

/**
 * Alerts on how fast the errors that the objectives allow are used up: at once if it is fast, in working hours if it is slow.
 * A long and a short window together tell of what lasts, and end soon after it ends.
 *
 * @see https://sre.google/workbook/alerting-on-slos/
 */
export function objectiveAlerts({ answeredPercent, inTimePercent, milliseconds }: Objectives): Alert[] {
  return BURNING.flatMap(({ speed, severity, factor, windows, share }) => {
    const burns = (of: (window: string) => string, percent: number) =>
      windows.map((window) => `${of(window)} > ${round(factor * (1 - percent / 100))}`).join(" and ");
    return [
      {
        name: `TokensFail${speed}`,
        severity,
        expr: burns(failedShare, answeredPercent),
        summary: `Keycloak answers requests for tokens with errors: ${share} are used up`,
        todo: "Look at Keycloak's log, its database and its load.",
      },
      {
        name: `TokensLate${speed}`,
        severity,
        expr: burns(lateShare, inTimePercent),
        summary: `Keycloak takes more than ${milliseconds} ms for tokens: ${share} are used up`,
        todo: "Look at Keycloak's load and memory, and at its database.",
      },
    ];
  });
}

function failedShare(window: string): string {
  return `m2m:token_requests_failed:ratio_rate${window}`;
}

function lateShare(window: string): string {
  return `m2m:token_requests_late:ratio_rate${window}`;
}

/** The name of a bucket, in seconds. A whole number has a point too. */
function bucket(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  return Number.isInteger(seconds) ? seconds.toFixed(1) : String(seconds);
}

/** Without what binary fractions leave behind. */
function round(share: number): number {
  return Number(share.toPrecision(6));
}
