import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import type { ClientCertificates } from "./server";

/** What a {@link KeycloakServer} and a {@link KeycloakCluster} are told alike. */
export interface KeycloakInDockerProps {
  /**
   * The image to run. It must have Keycloak in /opt/keycloak.
   *
   * @default - `quay.io/keycloak/keycloak` with `version`, or the image that `m2m up` recorded on a machine without that registry
   */
  readonly image?: string;

  /**
   * Version (tag) of the official image. Ignored if `image` is given.
   *
   * @default "26.4"
   */
  readonly version?: string;

  /**
   * Name of the container; of a cluster, that of its balancer. The names of all else that is made in Docker start with it. Inside
   * the network the host name is always `keycloak`, which is also that of the issuer.
   *
   * @default - "keycloak", or the context value `m2m:keycloakName`
   */
  readonly containerName?: string;

  /**
   * Port published on 127.0.0.1.
   *
   * @default - with `tls` 8443, else 8080, or the context value `m2m:keycloakPort`
   */
  readonly port?: number;

  /**
   * How long one server may take to become healthy, in seconds. After that the deploy fails; that of a cluster waits as long for
   * each server, and once more.
   *
   * @default - 180, or the context value `m2m:keycloakStartTimeoutSeconds`
   */
  readonly startTimeoutSeconds?: number;

  /**
   * Whether those who connect are asked for a certificate of the CA in `tls`. "request" lets them go without one. "required"
   * counts for everybody, Terraform and browsers included.
   *
   * @default "none"
   * @see https://www.keycloak.org/server/mutual-tls
   */
  readonly clientCertificates?: ClientCertificates;

  /**
   * A provider of your own, to use instead of the one that this construct makes. It must reach this server.
   *
   * @default - a provider with an alias of its own for each server
   */
  readonly provider?: KeycloakProvider;
}

/** What a server in production is told, alone or in a cluster. */
export interface LimitedServerProps {
  /**
   * The address that machines and browsers reach it by, and that issuers start with. Its certificate has to be for it.
   *
   * @default - `https://keycloak:8443` for machines in its network, and `https://localhost:PORT` for browsers here
   * @see https://www.keycloak.org/server/hostname
   */
  readonly publicUrl?: string;

  /**
   * Memory that each server may take, in megabytes.
   *
   * @default 2048
   */
  readonly memoryMegabytes?: number;

  /**
   * Processors that each server may take.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * Requests that may wait for a thread in each server. More are answered 503 at once, so that those that wait are answered in
   * time.
   *
   * @default 1000
   * @see https://www.keycloak.org/high-availability/multi-cluster/concepts-threads
   */
  readonly maxQueuedRequests?: number;
}
