import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { Container } from "../../.gen/providers/docker/container";
import type { Image } from "../../.gen/providers/docker/image";
import type { Network } from "../../.gen/providers/docker/network";
import type { Volume } from "../../.gen/providers/docker/volume";
import { labels } from "../contract/docker-names";
import { dockerProvider } from "./docker";
import type { CarriedFiles } from "./file-carrier";
import { BUILD_OPTIONS } from "./keycloak-image";
import type { KeycloakOptions } from "./keycloak-options";
import type { Production } from "./production";
import type { ServerTls } from "./server-tls";

/**
 * The image has no curl, so bash asks the management port. HTTP 200 means ready.
 *
 * Docker starts several processes for each check. So that a server is healthy as soon as it is ready, and is not asked every
 * second ever after, a check waits for the answer by itself. It does so for twelve seconds, nearly as long as it may take: a
 * server that gets ready between two checks would wait for the second one.
 */
const READY = [
  "for try in {1..24}; do",
  "{ printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && read -rt 3 _ status _ <&3; } 3<>/dev/tcp/localhost/9000 &&",
  '[ "$status" = 200 ] && exit 0; sleep 0.5; done; exit 1',
].join(" ");

export const HEALTH_CHECK = {
  test: ["CMD", "bash", "-c", READY],
  interval: "3s",
  timeout: "15s",
  startPeriod: "3m0s",
  retries: 3,
};

/**
 * Caches in this one process, as `start-dev` has them by itself. Keycloak's default is a cluster: after a death it first waits
 * for the one who died, whose row is still in the database.
 */
const ALONE = ["--cache=local"];

/** What Keycloak is started with. */
interface Start {
  /** The address that Keycloak is known by, where a realm has none of its own. */
  readonly hostname: string;
  readonly mode: "optimized" | "dev" | "production";
  /** Without it Keycloak speaks plain http. */
  readonly tls?: ServerTls;
  /** Without it Keycloak keeps its data in a volume. */
  readonly production?: Production;
  /** With others; without it in this one process. */
  readonly caching?: readonly string[];
  /** Further options of `kc.sh`, asked for at the end of the synthesis. */
  readonly options: () => KeycloakOptions;
}

/** What differs from one server to another. */
interface KeycloakContainerProps extends Start {
  readonly name: string;
  /** Published on 127.0.0.1. */
  readonly port: number;
  /** In seconds. */
  readonly startTimeout: number;
  /** Its files in production. */
  readonly files?: CarriedFiles;
  readonly image: Image;
  readonly network: Network;
  readonly volume?: Volume;
}

/** The container that a server runs in: how Keycloak starts, where it is reached, and when it is ready. */
export function keycloakContainer(server: Construct, props: KeycloakContainerProps): Container {
  const { production, files, volume } = props;
  const { volumes = [], ...limits } = production && files ? production.container(files) : {};
  const inNetworks = [
    { name: props.network.name, aliases: ["keycloak"] },
    ...(production?.database.networkName === undefined ? [] : [{ name: production.database.networkName }]),
  ];
  return new Container(server, "Container", {
    provider: dockerProvider(server),
    name: props.name,
    image: props.image.imageId,
    command: Lazy.listValue({ produce: () => startCommand(props) }),
    restart: "unless-stopped",
    ...limits,
    networksAdvanced: inNetworks,
    ports: [{ internal: props.tls ? 8443 : 8080, external: props.port, ip: "127.0.0.1" }],
    volumes: volume ? [{ volumeName: volume.name, containerPath: "/opt/keycloak/data" }] : volumes,
    labels: labels("keycloak"),
    healthcheck: HEALTH_CHECK,
    wait: true,
    waitTimeout: props.startTimeout,
  });
}

export function startCommand({ mode, hostname, tls, production, caching = ALONE, options }: Start): string[] {
  // start-dev builds by itself, so it needs the build options again.
  const { build, start } = options();
  const how = mode === "dev" ? ["start-dev", ...BUILD_OPTIONS, ...build] : ["start", "--optimized", ...caching];
  // The admin console signs in at this address, so a browser must reach it. Realms for machines have an address of their own
  // (`frontendUrl`): the one inside the network.
  const first = production ? [`--config-file=${production.configuration}`] : [];
  const listening = tls?.startOptions ?? (production ? [] : ["--http-enabled=true"]);
  return [...first, ...how, ...listening, ...start, `--hostname=${hostname}`];
}
