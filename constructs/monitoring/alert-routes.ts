/** What is told of a Keycloak that cannot grant tokens. */
const NO_TOKENS = [
  "KeysNotFetched",
  "MachineSilent",
  "TokensFailFast",
  "TokensFailSlowly",
  "TokensLateFast",
  "TokensLateSlowly",
];

/** Alerts that hide others on their behalf: what follows from a cause is not told beside it. */
const CAUSES = [
  { cause: "KeycloakDown", hides: ["DatabaseDown", "ReplicaDown", ...NO_TOKENS] },
  { cause: "DatabaseDown", hides: ["ReplicaDown", ...NO_TOKENS] },
  { cause: "ClientDisabled", hides: ["AssertionsRefused"], equal: ["realm", "client_id"] },
  { cause: "KeyEnded", hides: ["KeyEnds"], equal: ["kind", "name"] },
  { cause: "TokensFailFast", hides: ["TokensFailSlowly"] },
  { cause: "TokensLateFast", hides: ["TokensLateSlowly"] },
];

/**
 * The configuration of Alertmanager: one receiver, one message for each alert and what it is about.
 *
 * @param webhook an address that takes alerts, by Alertmanager's webhook; without it they are shown, and sent nowhere
 * @see https://prometheus.io/docs/alerting/latest/configuration/
 */
export function alertRoutes(webhook: string | undefined): object {
  return {
    route: {
      receiver: "machines",
      group_by: ["alertname", "realm", "client_id", "machine", "name"],
      group_wait: "10s",
      group_interval: "1m",
      repeat_interval: "4h",
    },
    receivers: [{ name: "machines", ...(webhook && { webhook_configs: [{ url: webhook, send_resolved: true }] }) }],
    inhibit_rules: CAUSES.map(({ cause, hides, equal }) => ({
      source_matchers: [`alertname = ${cause}`],
      target_matchers: [`alertname =~ "${hides.join("|")}"`],
      ...(equal && { equal }),
    })),
  };
}
