import type { Construct, IDependable } from "constructs";
import type { Network } from "../.gen/providers/docker/network";
import type { ITlsCertificate } from "./tls";

/** A PostgreSQL database for Keycloak. */
export interface IPostgresDatabase {
  /** Host name or address, as Keycloak reaches it. */
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  readonly username: string;
  /** Name of the Docker network that it is in, and that its servers join; in its own stack a reference to the network. */
  readonly networkName?: string;
  /**
   * The volume with its data, where it is in one.
   *
   * @internal
   */
  readonly _volumeName?: string;
  /**
   * Puts it into a further network, where it is in Docker.
   *
   * @internal
   */
  _join?(network: Network): void;
  /** What a server in the stack of `scope` depends on. */
  dependencies(scope: Construct): IDependable[];
  /**
   * How a server signs in.
   *
   * @internal
   */
  readonly _signIn: DatabaseSignIn;
}

/** By a certificate of its own, which holds the CA too, or by a password. */
export type DatabaseSignIn =
  | { readonly certificate: ITlsCertificate }
  | {
      /** Relative to `cdktf.json`. */
      readonly passwordFile: string;
      /** The CA of the database's certificate, in PEM. */
      readonly trustedPem: string;
    };

/** Properties of {@link PostgresDatabase.fromUrl}. */
export interface PostgresDatabaseAttributes {
  /**
   * Where it is, as a container reaches it: `postgresql://USER@HOST:PORT/DATABASE`, without a password. The port is 5432 if
   * none is given. HOST stands in the database's certificate, and USER owns DATABASE.
   */
  readonly url: string;
  /** A file with the user's password and nothing else; absolute or relative to `cdktf.json`. Do not commit it. */
  readonly passwordFile: string;
  /** A PEM file with the CA of the database's certificate; absolute or relative to `cdktf.json`. */
  readonly caFile: string;
}
