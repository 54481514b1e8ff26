import type { Alert, Recording } from "./alert";
import { alerts } from "./alerts";
import { expiryRecordings } from "./expiry";
import type { Watched } from "./facts";
import { objectiveRecordings } from "./objectives";

/**
 * The rules of Prometheus.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/
 */
export function rules(watched: Watched): object {
  const { expiring, objectives, runbook } = watched;
  return {
    groups: [
      {
        name: "m2m-figures",
        rules: [...expiryRecordings(expiring), ...objectiveRecordings(objectives)].map(recording),
      },
      { name: "m2m-alerts", rules: alerts(watched).map((one) => alert(one, runbook)) },
    ],
  };
}

function recording({ record, expr, labels }: Recording): object {
  return { record, expr, ...(labels && { labels }) };
}

function alert({ name, severity, expr, forSeconds, summary, todo }: Alert, runbook: string): object {
  return {
    alert: name,
    expr,
    ...(forSeconds !== undefined && { for: `${forSeconds}s` }),
    labels: { severity },
    annotations: { summary, description: todo, runbook_url: `${runbook}#${name.toLowerCase()}` },
  };
}
