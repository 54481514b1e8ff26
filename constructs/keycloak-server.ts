import { Container } from "@cdktf/provider-docker/lib/container";
import { Network } from "@cdktf/provider-docker/lib/network";
import { Volume } from "@cdktf/provider-docker/lib/volume";
import { Lazy, TerraformStack } from "cdktf";
import { Construct, type IDependable } from "constructs";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import { defaultImage } from "./contract/sources";
import { AdminProvider } from "./private/admin-provider";
import {
  bootstrapConfiguration,
  emptyConfiguration,
  sameAdministrator,
  warnOfDefaultPassword,
} from "./private/bootstrap-admin";
import { check, checkContainerName, checkImage, checkPort, checkSeconds, checkUrl } from "./private/checks";
import { claimContainer } from "./private/claims";
import { dockerProvider, labels } from "./private/docker";
import { failOn } from "./private/errors";
import { optimisedKeycloakImage } from "./private/keycloak-image";
import { setting } from "./private/settings";

/** Name of the server in its own network, and so of every issuer. */
const ISSUER_BASE = "http://keycloak:8080";

/** The image has no curl; bash asks the management port itself. Ready means HTTP 200. */
const HEALTH_CHECK = {
  test: [
    "CMD",
    "bash",
    "-c",
    "exec 3<>/dev/tcp/localhost/9000 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '",
  ],
  interval: "1s",
  timeout: "5s",
  startPeriod: "3m0s",
  retries: 10,
};

/** A Keycloak that realms can be declared on. */
export interface IKeycloakServer {
  /** Where Terraform and a browser reach it, without a trailing slash; the default is `http://localhost:8080`. */
  readonly url: string;
  /** What issuers start with, without a trailing slash; the default is `http://keycloak:8080`. */
  readonly issuerBase: string;
  /** The provider to declare resources of this server with, in the stack of `scope`. */
  keycloakProvider(scope: Construct): KeycloakProvider;
  /** What has to be there before the first resource of this server, in the stack of `scope`. */
  dependencies(scope: Construct): IDependable[];
}

/** Properties of a {@link KeycloakServer}. */
export interface KeycloakServerProps {
  /**
   * Image to run; any that has Keycloak in /opt/keycloak.
   *
   * @default - `quay.io/keycloak/keycloak` with `version`; on a machine without that registry, what `m2m up` recorded
   */
  readonly image?: string;

  /**
   * Version (tag) of the official image, ignored where `image` is given.
   *
   * @default "26.4"
   */
  readonly version?: string;

  /**
   * `optimized` starts an image built once with `kc.sh build`; `dev` runs `start-dev`, for experiments.
   *
   * @default "optimized"
   * @see https://www.keycloak.org/server/configuration
   */
  readonly mode?: "optimized" | "dev";

  /**
   * Name of the container and start of the names of network and volume. Inside the network the server is always
   * `keycloak`, which is also the host name of the issuer.
   *
   * @default - "keycloak", or the context value `m2m:keycloakName`
   */
  readonly containerName?: string;

  /**
   * Port published on 127.0.0.1.
   *
   * @default - 8080, or the context value `m2m:keycloakPort`
   */
  readonly port?: number;

  /**
   * How long Keycloak may take to become healthy, in seconds; then the deploy fails.
   *
   * @default 180
   */
  readonly startTimeoutSeconds?: number;

  /**
   * A provider of your own to use in place of the one this construct makes; it has to reach this server.
   *
   * @default - a provider with an alias per server
   */
  readonly provider?: KeycloakProvider;
}

/** Properties of {@link KeycloakServer.fromUrl}. */
export interface KeycloakServerAttributes {
  /** Where Terraform reaches it, without a trailing slash. */
  readonly url: string;
  /**
   * What its issuers start with.
   *
   * @default - `url`
   */
  readonly issuerBase?: string;
  /**
   * A provider of your own.
   *
   * @default - a provider that signs in as the administrator given by the variables `<id>_admin_username` and
   * `<id>_admin_password`
   */
  readonly provider?: KeycloakProvider;
}

/**
 * Keycloak in Docker: network, volume, image, container and a health check, published on 127.0.0.1 only.
 *
 * The administrator comes from the variables `keycloak_admin_username` and `keycloak_admin_password`, whose defaults
 * (`admin`, `change_me`) are for a developer's machine. The password reaches the container in a file that only
 * Keycloak's user reads, written at synthesis from `KEYCLOAK_PASSWORD` (or `TF_VAR_keycloak_admin_password`, which the
 * cdktf CLI hides from it); it is neither in the container's environment nor in the state. Keycloak takes it when its database is empty. Several servers share the two variables.
 */
export class KeycloakServer extends Construct implements IKeycloakServer {
  /** A server that exists already. */
  static fromUrl(scope: Construct, id: string, attributes: KeycloakServerAttributes): IKeycloakServer {
    return new ImportedKeycloakServer(scope, id, attributes);
  }

  readonly url: string;
  readonly issuerBase = "http://keycloak:8080";
  /** Name of the Docker network that machines join; in the server's own stack it refers to the network. */
  readonly networkName: string;
  /** `host:port=address:port` for those outside the network, as curl's `--connect-to`. */
  readonly connectTo: string;
  /** The container's resource, for dependencies. */
  readonly container: Container;

  private readonly provider: AdminProvider;

  constructor(scope: Construct, id: string, props: KeycloakServerProps = {}) {
    super(scope, id);
    const name = props.containerName ?? setting(this, "keycloakName", "keycloak");
    const port = props.port ?? setting(this, "keycloakPort", 8080);
    const startTimeout = props.startTimeoutSeconds ?? 180;
    const { mode = "optimized" } = props;
    const base = baseImage(props);
    failOn(this, [
      ...checkContainerName("containerName", name),
      ...checkPort("port", port),
      ...checkSeconds("startTimeoutSeconds", startTimeout, 3600, 180),
      ...check("mode", mode, (m) => ["optimized", "dev"].includes(m), 'must be "optimized" or "dev"'),
      ...checkImage(props.image === undefined && props.version !== undefined ? "version" : "image", base),
      ...claimContainer(this, name, "port", port),
    ]);
    this.url = `http://localhost:${port}`;
    this.issuerBase = ISSUER_BASE;
    this.connectTo = `keycloak:8080=127.0.0.1:${port}`;

    const provider = dockerProvider(this);
    const network = new Network(this, "Network", { provider, name: `${name}-network`, labels: labels("network") });
    const volume = new Volume(this, "Volume", { provider, name: `${name}-data`, labels: labels("data") });
    this.networkName = Lazy.stringValue({
      // A reference orders by it; across stacks it would be read from a state that is not there before the first deploy.
      produce: ({ scope }) => (TerraformStack.of(scope) === TerraformStack.of(this) ? network.name : `${name}-network`),
    });
    this.container = new Container(this, "Container", {
      provider,
      name,
      image: optimisedKeycloakImage(this, base).imageId,
      command: command(mode, this.url),
      restart: "unless-stopped",
      networksAdvanced: [{ name: network.name, aliases: ["keycloak"] }],
      ports: [{ internal: 8080, external: port, ip: "127.0.0.1" }],
      volumes: [{ volumeName: volume.name, containerPath: "/opt/keycloak/data" }],
      labels: labels("keycloak"),
      healthcheck: HEALTH_CHECK,
      wait: true,
      waitTimeout: startTimeout,
    });
    const configuration = bootstrapConfiguration(this, "keycloak");
    this.container.addOverride("upload", [configuration]);
    const guard = () => {
      if (this.provider.signsInByKey) return;
      this.provider.variables(this);
      const conditions = sameAdministrator("keycloak", configuration.source);
      this.container.addOverride("lifecycle.precondition", conditions);
    };
    const delegated = () => {
      if (!this.provider.signsInByKey) return;
      emptyConfiguration(this);
      this.container.addOverride("lifecycle", undefined);
    };
    this.provider = new AdminProvider(this, "keycloak", this.url, props.provider, { made: guard, delegated });
    // In this stack also where only another one signs in: here the server gets its administrator.
    if (!props.provider) guard();
    warnOfDefaultPassword(this, "keycloak", () => !this.provider.isDelegated);
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    return this.provider.of(scope);
  }

  dependencies(scope: Construct): IDependable[] {
    const own = TerraformStack.of(this);
    const other = TerraformStack.of(scope);
    if (own === other) return [this.container];
    other.addDependency(own); // cdktf deploys the server's stack first
    return [];
  }
}

class ImportedKeycloakServer extends Construct implements IKeycloakServer {
  readonly url: string;
  readonly issuerBase: string;
  private readonly provider: AdminProvider;

  constructor(scope: Construct, id: string, attributes: KeycloakServerAttributes) {
    super(scope, id);
    const { url, issuerBase = url } = attributes;
    const given = attributes.issuerBase !== undefined;
    failOn(this, [...checkUrl("url", url), ...(given ? checkUrl("issuerBase", issuerBase) : [])]);
    this.url = url;
    this.issuerBase = issuerBase;
    const prefix = id
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "_")
      .replace(/^(?![a-z_])/, "_"); // Terraform's names do not begin with a digit
    this.provider = new AdminProvider(this, prefix, url, attributes.provider);
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    return this.provider.of(scope);
  }

  dependencies(): IDependable[] {
    return [];
  }
}

function baseImage({ image, version }: KeycloakServerProps): string {
  const official = `quay.io/keycloak/keycloak:${version ?? "26.4"}`;
  return image ?? (version ? official : defaultImage("keycloakImage", official));
}

function command(mode: "optimized" | "dev", url: string): string[] {
  // Health and metrics are build options: start-dev builds by itself, so it has to be told again.
  const start = mode === "dev" ? ["start-dev", "--health-enabled=true"] : ["start", "--optimized"];
  // The admin console signs in at the server's own address, which a browser has to know; realms that machines use say
  // their address themselves (`frontendUrl`), which is the one inside the network.
  return [...start, "--http-enabled=true", `--hostname=${url}`];
}
