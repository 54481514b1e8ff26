import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { monitoringMarker } from "./contract/markers";
import { defaultMonitoringImages } from "./contract/sources";
import type { KeycloakCluster } from "./keycloak-cluster";
import type { KeycloakServer } from "./keycloak-server";
import { alertRoutes } from "./monitoring/alert-routes";
import { dashboard } from "./monitoring/dashboard";
import type { Watched } from "./monitoring/facts";
import { rules } from "./monitoring/rules";
import { scrapeConfig } from "./monitoring/scrape-config";
import { checkImage, checkKnown, checkPort, checkSeconds, checkUrl, type Known } from "./private/checks";
import { claimContainer } from "./private/claims";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { checkCallers, checkDays, checkMilliseconds, checkPercent, checkSilence } from "./private/monitoring-checks";
import { alertmanagerContainer, PORTS, prometheusContainer } from "./private/monitoring-containers";
import { stagePublicFile } from "./private/project";
import { setting } from "./private/settings";
import { sourcesOf } from "./private/tests";
import { expiringIn, machinesOf } from "./private/watched";
import type { SignedJwtClient } from "./signed-jwt-client";

/** Properties of {@link Monitoring}. */
export interface MonitoringProps {
  /** The server or cluster that is watched, with its realms, their clients, and the machines in its network. */
  readonly server: KeycloakServer | KeycloakCluster;
  /**
   * Clients that ask for tokens all the time. It is told if one of them stops.
   *
   * @default - none: a machine may have nothing to do
   */
  readonly callers?: readonly SignedJwtClient[];
  /**
   * After how many seconds without a token one of `callers` is silent. A machine asks anew when its token ends.
   *
   * @default 900
   */
  readonly silenceSeconds?: number;
  /**
   * Days before a signing key or a certificate ends at which it is told.
   *
   * @default 14
   */
  readonly expiryWarningDays?: number;
  /**
   * Seconds between two looks at everything.
   *
   * @default 10
   */
  readonly scrapeSeconds?: number;
  /**
   * Days that figures are kept.
   *
   * @default 15
   */
  readonly retentionDays?: number;
  /**
   * Percent of the requests for tokens that Keycloak has to answer, with whatever but an error of its own (5xx).
   *
   * @default 99.9
   */
  readonly answeredPercent?: number;
  /**
   * Percent of the requests for tokens that Keycloak has to answer in `latencyMilliseconds`.
   *
   * @default 99
   */
  readonly inTimePercent?: number;
  /**
   * How long Keycloak may take for a token, in milliseconds.
   *
   * @default 500
   */
  readonly latencyMilliseconds?: number;
  /**
   * Where Alertmanager sends alerts, by its webhook: an address that the container reaches. It is part of the JSON, so it must
   * hold no secret.
   *
   * @default - nowhere: they are shown
   * @see https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
   */
  readonly webhookUrl?: string;
  /**
   * Where the paragraphs about the alerts are, for links to them.
   *
   * @default "docs/monitoring.md"
   */
  readonly runbook?: string;
  /**
   * Port of Prometheus, published on 127.0.0.1.
   *
   * @default - 9090, or the context value `m2m:prometheusPort`
   */
  readonly prometheusPort?: number;
  /**
   * Port of Alertmanager, published on 127.0.0.1.
   *
   * @default - 9093, or the context value `m2m:alertmanagerPort`
   */
  readonly alertmanagerPort?: number;
  /**
   * Image with `prometheus` and `promtool` in its path.
   *
   * @default - `quay.io/prometheus/prometheus`, or what `m2m up` makes on a machine without that registry
   */
  readonly prometheusImage?: string;
  /**
   * Image with `alertmanager` and `amtool` in its path.
   *
   * @default - `quay.io/prometheus/alertmanager`, or what `m2m up` makes on a machine without that registry
   */
  readonly alertmanagerImage?: string;
}

const PROPS: Known<MonitoringProps> = {
  server: true,
  callers: true,
  silenceSeconds: true,
  expiryWarningDays: true,
  scrapeSeconds: true,
  retentionDays: true,
  answeredPercent: true,
  inTimePercent: true,
  latencyMilliseconds: true,
  webhookUrl: true,
  runbook: true,
  prometheusPort: true,
  alertmanagerPort: true,
  prometheusImage: true,
  alertmanagerImage: true,
};

/**
 * Watches a server or a cluster, and its machines: Prometheus and Alertmanager in its network, published on 127.0.0.1 only. What they look
 * at and the alerts follow from the whole app: every signing key and certificate, and every machine that serves `metrics`.
 *
 * Keycloak is started with events as metrics, and with its log as JSON. A dashboard for Grafana is written beside the JSON of
 * the stack (`dashboardFile`).
 *
 * @see docs/monitoring.md
 */
export class Monitoring extends Construct {
  /** Where a browser reaches Prometheus. */
  readonly prometheusUrl: string;
  /** Where a browser reaches Alertmanager. */
  readonly alertmanagerUrl: string;
  /** The dashboard for Grafana, relative to the folder of the stack in `cdktf.out`. */
  readonly dashboardFile: string;

  constructor(scope: Construct, id: string, props: MonitoringProps) {
    super(scope, id);
    holdOrder(this);
    const { server, callers = [], silenceSeconds = 900, expiryWarningDays = 14, scrapeSeconds = 10 } = props;
    const { retentionDays = 15, answeredPercent = 99.9, inTimePercent = 99, latencyMilliseconds = 500 } = props;
    const { webhookUrl, runbook = "docs/monitoring.md" } = props;
    const images = defaultMonitoringImages(sourcesOf(this));
    const { prometheusImage = images.prometheus, alertmanagerImage = images.alertmanager } = props;
    const prometheusPort = props.prometheusPort ?? setting(this, "prometheusPort", PORTS.prometheus);
    const alertmanagerPort = props.alertmanagerPort ?? setting(this, "alertmanagerPort", PORTS.alertmanager);
    const prometheusName = `${server.containerName}-prometheus`;
    const alertmanagerName = `${server.containerName}-alertmanager`;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkCallers(callers, server),
      ...checkSeconds("silenceSeconds", silenceSeconds, 86_400, 900),
      ...checkSeconds("scrapeSeconds", scrapeSeconds, 60, 10),
      ...checkSilence(silenceSeconds, scrapeSeconds),
      ...checkDays("expiryWarningDays", expiryWarningDays, 365),
      ...checkDays("retentionDays", retentionDays, 3650),
      ...checkPercent("answeredPercent", answeredPercent),
      ...checkPercent("inTimePercent", inTimePercent),
      ...checkMilliseconds("latencyMilliseconds", latencyMilliseconds),
      ...(webhookUrl === undefined ? [] : checkUrl("webhookUrl", webhookUrl)),
      ...checkImage("prometheusImage", prometheusImage),
      ...checkImage("alertmanagerImage", alertmanagerImage),
      ...checkPort("prometheusPort", prometheusPort),
      ...checkPort("alertmanagerPort", alertmanagerPort),
      ...claimContainer(this, prometheusName, "prometheusPort", prometheusPort),
      ...claimContainer(this, alertmanagerName, "alertmanagerPort", alertmanagerPort),
    ]);
    this.prometheusUrl = `http://localhost:${prometheusPort}`;
    this.alertmanagerUrl = `http://localhost:${alertmanagerPort}`;
    server._observe({
      build: ["--event-metrics-user-enabled=true"],
      start: [
        "--event-metrics-user-tags=realm,clientId",
        `--http-metrics-slos=${latencyMilliseconds}`,
        "--log-console-output=json",
      ],
    });
    server.dependencies(this); // puts the server's stack before this one
    // As it is at the end of the synthesis: what is watched may be declared after this.
    const watched = (): Watched => ({
      keycloak: server._metrics,
      alertmanager: `alertmanager:${PORTS.alertmanager}`,
      machines: machinesOf(server),
      callers: callers.map(({ realm, clientId }) => ({ realm: realm.realmName, clientId })),
      silenceSeconds,
      expiring: expiringIn(this),
      expiryWarningDays,
      scrapeSeconds,
      objectives: { answeredPercent, inTimePercent, milliseconds: latencyMilliseconds },
      runbook,
    });
    alertmanagerContainer(this, server, {
      image: alertmanagerImage,
      name: alertmanagerName,
      publishedPort: alertmanagerPort,
      routes: () => alertRoutes(webhookUrl),
    });
    prometheusContainer(this, server, {
      image: prometheusImage,
      name: prometheusName,
      publishedPort: prometheusPort,
      retentionDays,
      config: () => scrapeConfig(watched()),
      rules: () => rules(watched()),
    });
    this.dashboardFile = stagePublicFile(
      this,
      "dashboard.json",
      `${JSON.stringify(dashboard(server.containerName), null, 2)}\n`,
    );
    const { url, _metrics } = server;
    TerraformStack.of(this).addOverride(
      ...monitoringMarker(this.node.addr, {
        server: url,
        replicas: _metrics.replicas,
        prometheus: this.prometheusUrl,
        alertmanager: this.alertmanagerUrl,
      }),
    );
  }
}
