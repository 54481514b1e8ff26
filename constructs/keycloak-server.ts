import { TerraformStack } from "cdktf";
import { Construct, type IConstruct, type IDependable } from "constructs";
import type { Container } from "../.gen/providers/docker/container";
import { Network } from "../.gen/providers/docker/network";
import { Volume } from "../.gen/providers/docker/volume";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import { labels, networkName, volumeName } from "./contract/docker-names";
import { DECLARED_SERVER } from "./contract/first-administrator";
import { serverMarker } from "./contract/markers";
import type { WatchedKeycloak } from "./monitoring/facts";
import { BootstrapAdmin } from "./private/bootstrap-admin";
import { checkAsking } from "./private/certificate-checks";
import {
  check,
  checkContainerName,
  checkImage,
  checkKnown,
  checkPort,
  checkSeconds,
  type Known,
} from "./private/checks";
import { claimContainer } from "./private/claims";
import { baseImage, connectTo, connectToInside, dependenciesOn, networkReference } from "./private/declared-server";
import { dockerProvider } from "./private/docker";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { ImportedKeycloakServer } from "./private/imported-server";
import { keycloakContainer } from "./private/keycloak-container";
import { optimisedKeycloakImage } from "./private/keycloak-image";
import { joined, type KeycloakOptions } from "./private/keycloak-options";
import { KeycloakProviders } from "./private/keycloak-providers";
import { Production } from "./private/production";
import { checkProduction } from "./private/production-checks";
import { uploads } from "./private/renewal";
import { IN_DOCKER, IN_PRODUCTION } from "./private/server-props";
import { ServerTls } from "./private/server-tls";
import { setting } from "./private/settings";
import { SignIn } from "./private/sign-in";
import { sourcesOf } from "./private/tests";
import type { ProductionProps } from "./production";
import type { ClientCertificates, IKeycloakInDocker, IKeycloakServer, KeycloakServerAttributes } from "./server";
import type { KeycloakInDockerProps } from "./server-props";
import type { ICertificateAuthority, KeycloakTls } from "./tls";

/** Properties of a {@link KeycloakServer}. */
export interface KeycloakServerProps extends KeycloakInDockerProps, ProductionProps {
  /**
   * `optimized` builds an image once with `kc.sh build` and starts that. `dev` runs `start-dev`, for experiments.
   * `production` is `optimized` with a `database`, and a container that is limited in all it may do and take.
   *
   * @default "optimized"
   * @see https://www.keycloak.org/server/configuration
   */
  readonly mode?: "optimized" | "dev" | "production";

  /**
   * Serves https at `https://keycloak:8443`, and nothing by plain http.
   *
   * @default - plain http, on 127.0.0.1 and in its network: for a developer's machine
   */
  readonly tls?: KeycloakTls;
}

const PROPS: Known<KeycloakServerProps> = { ...IN_DOCKER, ...IN_PRODUCTION, mode: true, tls: true };

/**
 * Keycloak in Docker: network, volume, image, container and a health check, published on 127.0.0.1 only.
 *
 * The variables `keycloak_admin_username` and `keycloak_admin_password` give the administrator. Several servers share them.
 * Their defaults (`admin`, `change_me`) are for a developer's machine.
 *
 * The synthesis takes the password from `KEYCLOAK_PASSWORD`, or from `TF_VAR_keycloak_admin_password`, which the cdktf CLI hides
 * from it. The container gets the password in a file that only Keycloak's user reads. It is neither in the container's
 * environment nor in the state. Keycloak takes it when its database is empty.
 */
export class KeycloakServer extends Construct implements IKeycloakInDocker {
  /** A server that exists already. */
  static fromUrl(scope: Construct, id: string, attributes: KeycloakServerAttributes): IKeycloakServer & IConstruct {
    return new ImportedKeycloakServer(scope, id, attributes);
  }

  readonly url: string;
  /** Inside its network the server is always `keycloak`. */
  readonly issuerBase: string;
  readonly authority?: ICertificateAuthority;
  readonly clientCertificates: ClientCertificates;
  /** Name of the Docker network that machines join. In the server's own stack it is a reference to the network. */
  readonly networkName: string;
  /** `host:port=address:port` for programs outside the network, as in curl's `--connect-to`. */
  readonly connectTo: string;
  readonly containerName: string;
  readonly mode: "optimized" | "dev" | "production";
  /** The container's resource, for dependencies. */
  readonly container: Container;

  /** @internal */
  readonly _connectToInside?: string;
  /** @internal */
  readonly _signIn?: SignIn;
  private readonly providers: KeycloakProviders;
  private readonly administrator: BootstrapAdmin;
  /** @internal Where its metrics are, in its network. */
  readonly _metrics: WatchedKeycloak = { host: "keycloak", port: 9000 };
  /** What a `Monitoring` adds. */
  private observing: KeycloakOptions = { build: [], start: [] };

  constructor(
    scope: Construct,
    id: string,
    private readonly props: KeycloakServerProps = {},
  ) {
    super(scope, id);
    holdOrder(this);
    const name = props.containerName ?? setting(this, "keycloakName", "keycloak");
    const port = props.port ?? setting(this, "keycloakPort", props.tls ? 8443 : 8080);
    const startTimeout = props.startTimeoutSeconds ?? setting(this, "keycloakStartTimeoutSeconds", 180);
    const { mode = "optimized", clientCertificates = "none" } = props;
    const base = baseImage(props, sourcesOf(this));
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkContainerName("containerName", name),
      ...checkPort("port", port),
      ...checkSeconds("startTimeoutSeconds", startTimeout, 3600, 180),
      ...check("mode", mode, (m) => MODES.includes(m), 'must be "optimized", "dev" or "production"'),
      ...checkProduction(props),
      ...checkImage(props.image === undefined && props.version !== undefined ? "version" : "image", base),
      ...checkAsking(clientCertificates),
      ...(clientCertificates === "none" || props.tls ? [] : ["`clientCertificates` needs `tls`; declare it"]),
      ...claimContainer(this, name, "port", port),
    ]);
    const tls = props.tls && new ServerTls(this, name, clientCertificates, props.tls, props);
    const production = mode === "production" ? new Production(this, name, props) : undefined;
    const [scheme, inside] = tls ? ["https", 8443] : ["http", 8080];
    this.containerName = name;
    this.mode = mode;
    this.url = `${scheme}://localhost:${port}`;
    this.issuerBase = props.publicUrl ?? `${scheme}://keycloak:${inside}`;
    this.connectTo = connectTo(this.issuerBase, port);
    this._connectToInside = connectToInside(props.publicUrl, tls !== undefined);
    this.authority = tls?.authority;
    this.clientCertificates = clientCertificates;

    const provider = dockerProvider(this);
    const network = new Network(this, "Network", { provider, name: networkName(name), labels: labels("network") });
    const volume = production
      ? undefined
      : new Volume(this, "Volume", { provider, name: volumeName(name), labels: labels("data") });
    this.networkName = networkReference(this, name, network);
    const image = optimisedKeycloakImage(this, base, {
      hasFiles: (tls ?? production) !== undefined,
      hasDatabase: production === undefined,
      options: () => this.options(tls, production).build,
    });
    const files = production?.files(image.imageId);
    this.container = keycloakContainer(this, {
      name,
      port,
      hostname: props.publicUrl ?? this.url,
      mode,
      startTimeout,
      tls,
      production,
      files,
      options: () => this.options(tls, production),
      image,
      network,
      volume,
    });
    const signIn = new SignIn({ url: this.url, prefix: DECLARED_SERVER, resource: this.container });
    this.providers = new KeycloakProviders(this, signIn, tls ?? {}, props.provider);
    const tlsFiles = tls?.stageFiles() ?? [];
    const databaseFiles = production?.database.stageFiles() ?? [];
    this.administrator = new BootstrapAdmin(this, this.container, signIn, {
      bring: (source) => {
        const target = production?.configuration ?? "/opt/keycloak/conf/keycloak.conf";
        const own = { source, target, permissions: "0440" } as const;
        const into = files?.carrier ?? this.container;
        into.addOverride("upload", uploads([own, ...tlsFiles, ...databaseFiles]));
      },
      otherLines: production?.database.configurationLines ?? [],
      isProduction: production !== undefined,
    });
    tls?.bringRenewed(this.container, tlsFiles);
    production?.database.bringRenewed(this.container, name, databaseFiles);
    const dataVolume = production ? props.database?._volumeName : volumeName(name);
    TerraformStack.of(this).addOverride(
      ...serverMarker(this.node.addr, { container: name, image: base, port, dataVolume }),
    );
    if (props.provider) return;
    this._signIn = signIn;
    // Also if Terraform signs in only from other stacks: in this one the server gets its administrator.
    this.administrator.expectSameInTerraform();
  }

  /** @internal Has Keycloak started with further options, whenever in the synthesis it is said. */
  _observe(options: KeycloakOptions): void {
    this.observing = options;
  }

  private options(tls?: ServerTls, production?: Production): KeycloakOptions {
    const ofTls = { build: tls?.buildOptions ?? [], start: [] };
    return joined([ofTls, ...(production ? [production.options] : []), this.observing]);
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    const provider = this.providers.of(scope);
    if (provider !== this.props.provider) this.administrator.expectSameInTerraform();
    return provider;
  }

  dependencies(scope: Construct): IDependable[] {
    return dependenciesOn(this, [this.container], scope);
  }
}

const MODES = ["optimized", "dev", "production"];
