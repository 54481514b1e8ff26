import type { Watched } from "./facts";

/** The jobs, as the label `job` has them. */
export const JOBS = { keycloak: "keycloak", machine: "machine", prometheus: "prometheus" } as const;

export const RULES_FILE = "/etc/prometheus/rules.yml";

/**
 * The configuration of Prometheus. JSON is YAML too.
 *
 * @see https://prometheus.io/docs/prometheus/latest/configuration/configuration/
 */
export function scrapeConfig(watched: Watched): object {
  const { keycloak, machines, scrapeSeconds, alertmanager } = watched;
  const every = `${scrapeSeconds}s`;
  return {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: [RULES_FILE],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      { job_name: JOBS.keycloak, static_configs: [{ targets: [keycloak] }] },
      {
        job_name: JOBS.machine,
        static_configs: machines.map(({ name, target }) => ({ targets: [target], labels: { machine: name } })),
      },
      { job_name: JOBS.prometheus, static_configs: [{ targets: ["localhost:9090"] }] },
    ],
  };
}
