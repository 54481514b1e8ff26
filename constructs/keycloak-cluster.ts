import { TerraformStack } from "cdktf";
import { Construct, type IDependable } from "constructs";
import type { Service } from "../.gen/providers/docker/service";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import { clusterNetworkName, networkName, serviceName } from "./contract/docker-names";
import { DECLARED_SERVER } from "./contract/first-administrator";
import { serverMarker } from "./contract/markers";
import { defaultBalancerImage } from "./contract/sources";
import type { IPostgresDatabase } from "./database";
import type { WatchedKeycloak } from "./monitoring/facts";
import { Balancer } from "./private/balancer";
import { BootstrapAdmin } from "./private/bootstrap-admin";
import { checkAsking } from "./private/certificate-checks";
import { checkContainerName, checkImage, checkKnown, checkPort, checkSeconds, type Known } from "./private/checks";
import { claimContainer } from "./private/claims";
import { checkParts, checkSpread } from "./private/cluster-checks";
import { ClusterFiles } from "./private/cluster-files";
import { addressesOf, overlayNetwork, sharedCaches } from "./private/cluster-network";
import { clusterService } from "./private/cluster-service";
import { baseImage, connectTo, connectToInside, dependenciesOn, networkReference } from "./private/declared-server";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { startCommand } from "./private/keycloak-container";
import { optimisedKeycloakImage } from "./private/keycloak-image";
import { joined, type KeycloakOptions } from "./private/keycloak-options";
import { KeycloakProviders } from "./private/keycloak-providers";
import { Production } from "./private/production";
import { checkLimits } from "./private/production-checks";
import { IN_DOCKER, LIMITED } from "./private/server-props";
import { ServerTls } from "./private/server-tls";
import { setting } from "./private/settings";
import { SignIn } from "./private/sign-in";
import { settleService } from "./private/swarm-secret";
import { sourcesOf } from "./private/tests";
import type { ClientCertificates, IKeycloakInDocker } from "./server";
import type { KeycloakInDockerProps, LimitedServerProps } from "./server-props";
import type { ICertificateAuthority, KeycloakTls } from "./tls";

/** Properties of a {@link KeycloakCluster}. */
export interface KeycloakClusterProps extends KeycloakInDockerProps, LimitedServerProps {
  /** Where all servers keep their data: in the cluster's stack, or {@link PostgresDatabase.fromUrl}. */
  readonly database: IPostgresDatabase;

  /** The certificate that every server shows. The balancer passes TLS on as it is. */
  readonly tls: KeycloakTls;

  /**
   * How many servers run.
   *
   * @default 2
   */
  readonly replicas?: number;

  /**
   * Image of the balancer: HAProxy 2.6 or newer with `bash`, as the official images that are made of Debian.
   *
   * @default - `haproxy:3.2`, or HAProxy 2.6 of Debian, which `m2m up` makes on a machine without that registry
   */
  readonly balancerImage?: string;

  /**
   * The network in which the servers reach each other and the database: 256 addresses that are in use nowhere else.
   *
   * @default - "10.201.31.0/24", or the context value `m2m:clusterSubnet`
   */
  readonly subnet?: string;

  /**
   * Which nodes of the swarm servers may run on, such as `node.labels.keycloak==true`.
   *
   * @default - all; they are spread over them
   * @see https://docs.docker.com/engine/swarm/services/#placement-constraints
   */
  readonly constraints?: readonly string[];

  /**
   * How many servers may run on one node. A rolling update needs a place for one more.
   *
   * @default - no limit
   */
  readonly maxReplicasPerNode?: number;
}

const PROPS: Known<KeycloakClusterProps> = {
  ...IN_DOCKER,
  ...LIMITED,
  database: true,
  tls: true,
  replicas: true,
  balancerImage: true,
  subnet: true,
  constraints: true,
  maxReplicasPerNode: true,
};

/** The file of the first administrator stays as it was made: Keycloak looks at it while its database is empty. */
const NO_TRIGGERS = {};

/**
 * Several Keycloaks as one, in Docker Swarm: replicas of one service with one database and shared caches, and HAProxy before
 * them, published on 127.0.0.1 only. Realms, clients and machines do not know the difference to a {@link KeycloakServer}.
 *
 * The engine has to be a manager of a swarm: `docker swarm init`, or `m2m up --init-swarm`. Private keys and the administrator's
 * password are secrets of the swarm, and neither in JSON nor in state.
 *
 * @see docs/decisions/0024-cluster-in-swarm.md
 */
export class KeycloakCluster extends Construct implements IKeycloakInDocker {
  /** As a server in production. */
  readonly mode = "production";
  readonly url: string;
  /** Inside its network the balancer is always `keycloak`. */
  readonly issuerBase: string;
  readonly authority: ICertificateAuthority;
  readonly clientCertificates: ClientCertificates;
  /** Name of the Docker network that machines join. In the cluster's own stack it is a reference to the network. */
  readonly networkName: string;
  /** `host:port=address:port` for programs outside the network, as in curl's `--connect-to`. */
  readonly connectTo: string;
  /** Of the balancer. */
  readonly containerName: string;
  /** Name of the service that the servers are replicas of. */
  readonly serviceName: string;
  /** The service's resource, for dependencies. */
  readonly service: Service;

  /** @internal */
  readonly _connectToInside?: string;
  /** @internal */
  readonly _signIn?: SignIn;
  /** @internal Where the metrics of its servers are, in its network. */
  readonly _metrics: WatchedKeycloak;
  private observing: KeycloakOptions = { build: [], start: [] };
  private readonly balancer: Balancer;
  private readonly providers: KeycloakProviders;
  private readonly administrator: BootstrapAdmin;

  constructor(
    scope: Construct,
    id: string,
    private readonly props: KeycloakClusterProps,
  ) {
    super(scope, id);
    holdOrder(this);
    const name = props.containerName ?? setting(this, "keycloakName", "keycloak");
    const port = props.port ?? setting(this, "keycloakPort", 8443);
    const startTimeout = props.startTimeoutSeconds ?? setting(this, "keycloakStartTimeoutSeconds", 180);
    const subnet = props.subnet ?? setting(this, "clusterSubnet", "10.201.31.0/24");
    const { replicas = 2, constraints = [], maxReplicasPerNode = 0, clientCertificates = "none" } = props;
    const base = baseImage(props, sourcesOf(this));
    const balancerImage = props.balancerImage ?? defaultBalancerImage(sourcesOf(this));
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkContainerName("containerName", name),
      ...checkPort("port", port),
      ...checkSeconds("startTimeoutSeconds", startTimeout, 3600, 180),
      ...checkSpread({ replicas, subnet, constraints, maxReplicasPerNode }),
      ...checkParts(this, props.database, props.tls),
      ...checkLimits(props),
      ...checkImage(props.image === undefined && props.version !== undefined ? "version" : "image", base),
      ...checkImage("balancerImage", balancerImage),
      ...checkAsking(clientCertificates),
      ...claimContainer(this, name, "port", port),
    ]);
    this.containerName = name;
    this.serviceName = serviceName(name);
    this._metrics = { host: `tasks.${this.serviceName}`, port: 9000, replicas };
    this.url = `https://localhost:${port}`;
    this.issuerBase = props.publicUrl ?? "https://keycloak:8443";
    this.connectTo = connectTo(this.issuerBase, port);
    this._connectToInside = connectToInside(props.publicUrl, true);
    this.clientCertificates = clientCertificates;
    const tls = new ServerTls(this, name, clientCertificates, props.tls, props);
    this.authority = tls.authority;
    const production = new Production(this, name, props, replicas);
    const options = () => joined([{ build: tls.buildOptions, start: [] }, production.options, this.observing]);

    const network = overlayNetwork(this, "Network", { name: networkName(name) });
    const own = overlayNetwork(this, "ClusterNetwork", {
      name: clusterNetworkName(name),
      internal: props.database._join !== undefined, // then nothing leads out of it
      ipamConfig: addressesOf(subnet),
    });
    this.networkName = networkReference(this, name, network);
    props.database._join?.(own);
    const image = optimisedKeycloakImage(this, base, {
      hasFiles: true,
      hasDatabase: false,
      options: () => options().build,
    });
    const files = new ClusterFiles(this, "Files", this.serviceName);
    this.service = clusterService(this, {
      name: this.serviceName,
      image,
      replicas,
      startTimeout,
      command: () => {
        const hostname = props.publicUrl ?? this.url;
        return startCommand({ hostname, mode: "production", tls, production, caching: sharedCaches(subnet), options });
      },
      production,
      cpus: props.cpus,
      files,
      networks: [network, own],
      constraints,
      maxReplicasPerNode,
      dependsOn: production.dependencies,
    });
    this.balancer = new Balancer(this, "Balancer", {
      name,
      image: balancerImage,
      port,
      network,
      service: this.serviceName,
      dependsOn: [this.service],
    });
    const signIn = new SignIn({ url: this.url, prefix: DECLARED_SERVER, resource: this.service });
    this.providers = new KeycloakProviders(this, signIn, tls, props.provider);
    files.add(tls.stageFiles(), tls.triggers);
    files.add(production.database.stageFiles(), production.database.triggers);
    this.administrator = new BootstrapAdmin(this, this.service, signIn, {
      bring: (source) => files.add([{ source, target: production.configuration, permissions: "0440" }], NO_TRIGGERS),
      otherLines: production.database.configurationLines,
      isProduction: true,
    });
    settleService(this, "Settled", {
      service: this.serviceName,
      resource: `docker_service.${this.service.friendlyUniqueId}`,
      waitSeconds: startTimeout * (replicas + 1),
      secrets: files.secrets.map(({ secretName }) => secretName),
      facts: [production.memoryMegabytes, props.cpus ?? "", maxReplicasPerNode, ...constraints],
    });
    const { _volumeName: dataVolume } = props.database;
    const service = { name: this.serviceName, replicas };
    const description = { container: name, image: base, port, dataVolume, service };
    TerraformStack.of(this).addOverride(...serverMarker(this.node.addr, description));
    if (props.provider) return;
    this._signIn = signIn;
    // Also if Terraform signs in only from other stacks: in this one the servers get their administrator.
    this.administrator.expectSameInTerraform();
  }

  /** @internal Has the servers started with further options, whenever in the synthesis it is said. */
  _observe(options: KeycloakOptions): void {
    this.observing = options;
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    const provider = this.providers.of(scope);
    if (provider !== this.props.provider) this.administrator.expectSameInTerraform();
    return provider;
  }

  dependencies(scope: Construct): IDependable[] {
    return dependenciesOn(this, [this.service, this.balancer.container], scope);
  }
}
