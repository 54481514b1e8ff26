import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { Container, type ContainerUpload } from "../../.gen/providers/docker/container";
import { Volume } from "../../.gen/providers/docker/volume";
import { labels } from "../contract/docker-names";
import { literal } from "../contract/terraform-text";
import { RULES_FILE } from "../monitoring/scrape-config";
import type { IKeycloakInDocker } from "../server";
import { dockerProvider } from "./docker";

/** `nobody`, as in the official images. It owns the folders of data there. */
const NOBODY = "65534";

/** One of the two programs. */
interface Program {
  readonly id: "Prometheus" | "Alertmanager";
  /** The command, which is in the path of the official image and of Debian's. */
  readonly command: "prometheus" | "alertmanager";
  readonly image: string;
  readonly name: string;
  /** What it listens on, and is called by in the network. */
  readonly port: number;
  readonly publishedPort: number;
  readonly dataFolder: string;
  readonly options: readonly string[];
  /** Its files, by path; asked for at the end of the synthesis. */
  readonly files: Readonly<Record<string, () => object>>;
  /** Exits with 0 once it is ready. */
  readonly isReady: readonly string[];
}

/** What Prometheus needs. */
type PrometheusProps = Pick<Program, "image" | "name" | "publishedPort"> & {
  readonly retentionDays: number;
  readonly config: () => object;
  readonly rules: () => object;
};

const CONFIG = "/etc/prometheus/prometheus.yml";
const ROUTES = "/etc/alertmanager/alertmanager.yml";

/** Prometheus, in the server's network, with its data in a volume. */
export function prometheusContainer(scope: Construct, server: IKeycloakInDocker, props: PrometheusProps): Container {
  const { retentionDays, config, rules, ...rest } = props;
  return programContainer(scope, server, {
    ...rest,
    id: "Prometheus",
    command: "prometheus",
    port: PORTS.prometheus,
    dataFolder: "/prometheus",
    options: [
      `--config.file=${CONFIG}`,
      "--storage.tsdb.path=/prometheus",
      `--storage.tsdb.retention.time=${retentionDays}d`,
      `--web.external-url=http://localhost:${rest.publishedPort}`,
    ],
    files: { [CONFIG]: config, [RULES_FILE]: rules },
    isReady: ["promtool", "query", "instant", "http://localhost:9090", "1"], // `check ready` came with 2.43
  });
}

/** Alertmanager, in the server's network, with its silences in a volume. */
export function alertmanagerContainer(
  scope: Construct,
  server: IKeycloakInDocker,
  props: Pick<Program, "image" | "name" | "publishedPort"> & { readonly routes: () => object },
): Container {
  const { routes, ...rest } = props;
  return programContainer(scope, server, {
    ...rest,
    id: "Alertmanager",
    command: "alertmanager",
    port: PORTS.alertmanager,
    dataFolder: "/alertmanager",
    options: [
      `--config.file=${ROUTES}`,
      "--storage.path=/alertmanager",
      `--web.external-url=http://localhost:${rest.publishedPort}`,
      "--cluster.listen-address=", // one process, no cluster
    ],
    files: { [ROUTES]: routes },
    isReady: ["amtool", "--alertmanager.url=http://localhost:9093", "cluster", "show"],
  });
}

/** What each listens on. */
export const PORTS = { prometheus: 9090, alertmanager: 9093 } as const;

function programContainer(scope: Construct, server: IKeycloakInDocker, program: Program): Container {
  const { id, command, name, port, publishedPort } = program;
  const provider = dockerProvider(scope);
  const volume = new Volume(scope, `${id}Data`, { provider, name: `${name}-data`, labels: labels(command) });
  return new Container(scope, id, {
    provider,
    name,
    image: program.image,
    user: NOBODY,
    entrypoint: [command],
    command: [...program.options],
    restart: "unless-stopped",
    securityOpts: ["no-new-privileges"],
    capabilities: { drop: ["ALL"] },
    networksAdvanced: [{ name: server.networkName, aliases: [command] }],
    ports: [{ internal: port, external: publishedPort, ip: "127.0.0.1" }],
    volumes: [{ volumeName: volume.name, containerPath: program.dataFolder }],
    labels: labels(command),
    upload: uploads(program.files),
    // Not often: each check starts a program. Keycloak is waited for longer anyway.
    healthcheck: {
      test: ["CMD", ...program.isReady],
      interval: "10s",
      timeout: "10s",
      startPeriod: "1m0s",
      retries: 3,
    },
    wait: true,
    waitTimeout: 120,
  });
}

/** As text in the plan, so that a diff shows what changes. They hold no secret. */
function uploads(files: Program["files"]): ContainerUpload[] {
  return Object.entries(files).map(([file, content]) => ({
    file,
    permissions: "0444",
    content: Lazy.stringValue({ produce: () => literal(`${JSON.stringify(content(), null, 2)}\n`) }),
  }));
}
