import type { IPostgresDatabase } from "./database";
import type { LimitedServerProps } from "./server-props";

/** What a server is told in production, beside the rest of its properties. It all needs `mode: "production"`. */
export interface ProductionProps extends LimitedServerProps {
  /** Where it keeps its data. Needed in production. */
  readonly database?: IPostgresDatabase;

  /**
   * Serves plain http to a proxy on this machine that speaks https at `publicUrl`: "xforwarded" if the proxy sets
   * `X-Forwarded-…` (and takes away those that come in), "forwarded" if it sets `Forwarded` (RFC 7239).
   *
   * @default - none: https by `tls`
   * @see https://www.keycloak.org/server/reverseproxy
   */
  readonly plainHttpBehindProxy?: "xforwarded" | "forwarded";
}
