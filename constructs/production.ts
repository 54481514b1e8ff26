import type { IPostgresDatabase } from "./database";

/** What a server is told in production, beside the rest of its properties. It all needs `mode: "production"`. */
export interface ProductionProps {
  /** Where it keeps its data. Needed in production. */
  readonly database?: IPostgresDatabase;

  /**
   * The address that machines and browsers reach it by, and that issuers start with. Its certificate has to be for it.
   *
   * @default - `https://keycloak:8443` for machines in its network, and `https://localhost:PORT` for browsers here
   * @see https://www.keycloak.org/server/hostname
   */
  readonly publicUrl?: string;

  /**
   * Serves plain http to a proxy on this machine that speaks https at `publicUrl`: "xforwarded" if the proxy sets
   * `X-Forwarded-…` (and takes away those that come in), "forwarded" if it sets `Forwarded` (RFC 7239).
   *
   * @default - none: https by `tls`
   * @see https://www.keycloak.org/server/reverseproxy
   */
  readonly plainHttpBehindProxy?: "xforwarded" | "forwarded";

  /**
   * Memory that its container may take, in megabytes.
   *
   * @default 2048
   */
  readonly memoryMegabytes?: number;

  /**
   * Processors that its container may take.
   *
   * @default - no limit
   */
  readonly cpus?: number;

  /**
   * Requests that may wait for a thread. More are answered 503 at once, so that those that wait are answered in time.
   *
   * @default 1000
   * @see https://www.keycloak.org/high-availability/multi-cluster/concepts-threads
   */
  readonly maxQueuedRequests?: number;
}
