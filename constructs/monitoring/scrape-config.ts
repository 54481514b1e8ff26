import type { Watched, WatchedKeycloak } from "./facts";

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
      { job_name: JOBS.keycloak, ...targetsOf(keycloak) },
      {
        job_name: JOBS.machine,
        static_configs: machines.map(({ name, target }) => ({ targets: [target], labels: { machine: name } })),
      },
      { job_name: JOBS.prometheus, static_configs: [{ targets: ["localhost:9090"] }] },
    ],
  };
}

/** Docker's name service knows the servers of a cluster that are ready, each by its address. */
function targetsOf({ host, port, replicas }: WatchedKeycloak): object {
  if (replicas === undefined) return { static_configs: [{ targets: [`${host}:${port}`] }] };
  return { dns_sd_configs: [{ names: [host], type: "A", port, refresh_interval: "5s" }] };
}
