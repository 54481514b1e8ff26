import { TerraformStack } from "cdktf";
import { Construct, type IConstruct, type IDependable } from "constructs";
import type { Container } from "../.gen/providers/docker/container";
import { Network } from "../.gen/providers/docker/network";
import { Volume } from "../.gen/providers/docker/volume";
import { CertificateAuthority } from "./certificate-authority";
import { PROTECTION } from "./contract/data-protection";
import { labels, networkName, volumeName } from "./contract/docker-names";
import { databaseMarker } from "./contract/markers";
import { defaultPostgresImage } from "./contract/sources";
import type { DatabaseSignIn, IPostgresDatabase, PostgresDatabaseAttributes } from "./database";
import { check, checkImage, checkKnown, checkPort, isHostName, type Known } from "./private/checks";
import { claimContainer, claimName } from "./private/claims";
import { dependenciesOn, networkReference } from "./private/declared-server";
import { dockerProvider } from "./private/docker";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { ImportedPostgresDatabase } from "./private/imported-database";
import { checkCpus, checkMegabytes } from "./private/limit-checks";
import { hostNetwork, postgresContainer } from "./private/postgres-container";
import { KEYCLOAK } from "./private/postgres-files";
import { setting } from "./private/settings";
import { sourcesOf } from "./private/tests";
import type { ICertificateAuthority } from "./tls";
import { TlsCertificate } from "./tls-certificate";

/** Properties of a {@link PostgresDatabase}. */
export interface PostgresDatabaseProps {
  /**
   * Image of PostgreSQL 15 or newer with `bash`, the user `postgres` of id 999 and its folder `/var/lib/postgresql/data`, as the
   * official images that are made of Debian. The major version is that of the data: for another one make a backup and restore
   * it.
   *
   * @default - `postgres:17-bookworm`, or PostgreSQL 15 of Debian, which `m2m up` makes on a machine without that registry
   */
  readonly image?: string;
  /**
   * Name of the container, which is also its host name. The names of its network, volumes and certificates start with it.
   *
   * @default - "keycloak-database", or the context value `m2m:databaseName`
   */
  readonly containerName?: string;
  /**
   * Memory that it may take, in megabytes, which it is tuned for.
   *
   * @default 1024
   */
  readonly memoryMegabytes?: number;
  /**
   * Processors that it may take.
   *
   * @default - no limit
   */
  readonly cpus?: number;
  /**
   * Port at 127.0.0.1 by which every program of this machine reaches it, such as Terraform that keeps a state in it
   * ({@link TerraformStates}). Who connects needs a certificate all the same.
   *
   * @default - not published: only its servers reach it
   */
  readonly localhostPort?: number;
  /**
   * Whether Terraform refuses to destroy the volume with the data. `m2m down --destroy-data` destroys it all the same.
   *
   * @default true
   */
  readonly protectData?: boolean;
  /**
   * Folder of its certificates and private keys, absolute or relative to `cdktf.json`.
   *
   * @default "certs"
   */
  readonly directory?: string;
  /**
   * Folder of the private keys, if it is another one; absolute or relative to `cdktf.json`.
   *
   * @default - `directory`
   */
  readonly privateKeyDirectory?: string;
}

const PROPS: Known<PostgresDatabaseProps> = {
  image: true,
  containerName: true,
  memoryMegabytes: true,
  cpus: true,
  localhostPort: true,
  protectData: true,
  directory: true,
  privateKeyDirectory: true,
};

/** Less memory than this PostgreSQL cannot be tuned for. */
const LEAST_MEGABYTES = 256;

/**
 * PostgreSQL for Keycloak, in a container and a network of its own, with its data in a volume. Unless it has a `localhostPort` it
 * is not published: only servers that have it as their `database` reach it.
 *
 * There is no password. PostgreSQL and Keycloak show each other certificates, over TLS 1.3, of a CA that is for this database
 * alone. They are files as those of a {@link TlsCertificate}, and `m2m certificates renew` renews them.
 *
 * @see docs/production.md
 */
export class PostgresDatabase extends Construct implements IPostgresDatabase {
  /** A database that exists, with a password. */
  static fromUrl(scope: Construct, id: string, attributes: PostgresDatabaseAttributes): IPostgresDatabase & IConstruct {
    return new ImportedPostgresDatabase(scope, id, attributes);
  }

  readonly host: string;
  readonly port = 5432;
  readonly databaseName = KEYCLOAK;
  readonly username = KEYCLOAK;
  readonly networkName: string;
  readonly containerName: string;
  /** The container's resource, for dependencies. */
  readonly container: Container;
  /** Where this machine reaches it, if it does. */
  readonly localhostPort?: number;
  /**
   * Issues the certificates of those who sign in.
   *
   * @internal
   */
  readonly _authority: ICertificateAuthority;
  /** @internal */
  readonly _signIn: DatabaseSignIn;
  /** @internal */
  readonly _volumeName: string;
  private readonly networks: { readonly name: string }[];
  private readonly setDatabases: (names: readonly string[]) => void;
  private readonly further: string[] = [];

  constructor(scope: Construct, id: string, props: PostgresDatabaseProps = {}) {
    super(scope, id);
    holdOrder(this);
    const name = props.containerName ?? setting(this, "databaseName", "keycloak-database");
    const { image = defaultPostgresImage(sourcesOf(this)), memoryMegabytes = 1024, cpus, protectData = true } = props;
    const { directory = "certs", privateKeyDirectory, localhostPort } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...check("containerName", name, isHostName, "must be a host name: letters, digits, dashes and dots"),
      ...checkImage("image", image),
      ...checkMegabytes(memoryMegabytes, LEAST_MEGABYTES, 1024),
      ...checkCpus(cpus),
      ...(localhostPort === undefined
        ? claimName(this, name)
        : [
            ...checkPort("localhostPort", localhostPort),
            ...claimContainer(this, name, "localhostPort", localhostPort),
          ]),
    ]);
    this.containerName = name;
    this.host = name;
    this.localhostPort = localhostPort;
    this._volumeName = volumeName(name);
    const place = { directory, privateKeyDirectory };
    const authority = new CertificateAuthority(this, "Ca", { ...place, name: `${name}-ca` });
    this._authority = authority;
    const certificate = new TlsCertificate(this, "Tls", {
      ...place,
      authority,
      name,
      usage: "server",
      dnsNames: [name, ...(localhostPort === undefined ? [] : ["localhost"])],
      ipAddresses: localhostPort === undefined ? [] : ["127.0.0.1"],
    });
    const clientCertificate = new TlsCertificate(this, "ClientTls", {
      ...place,
      authority,
      name: `${name}-client`,
      usage: "client",
    });
    this._signIn = { certificate: clientCertificate };
    const provider = dockerProvider(this);
    const network = new Network(this, "Network", {
      provider,
      name: networkName(name),
      internal: true, // nothing leads out of it
      labels: labels("network"),
    });
    const data = new Volume(this, "Volume", { provider, name: this._volumeName, labels: labels("data") });
    if (protectData) data.addOverride(...PROTECTION);
    this.networkName = networkReference(this, name, network);
    this.networks = [{ name: network.name }];
    const parts = { name, image, memoryMegabytes, cpus, network, localhostPort, data, certificate, clientCertificate };
    const { container, setDatabases } = postgresContainer(this, parts);
    this.container = container;
    this.setDatabases = setDatabases;
    if (localhostPort !== undefined) this._join(hostNetwork(this, name));
    this.mark();
  }

  dependencies(scope: Construct): IDependable[] {
    return dependenciesOn(this, [this.container], scope);
  }

  /** @internal Makes a further database, and the role of the same name that owns it. */
  _addDatabase(name: string): void {
    this.further.push(name);
    this.setDatabases(this.further);
    this.mark();
  }

  /** For `m2m`, which backs it up. */
  private mark(): void {
    const states = this.further.length > 0 ? { states: [...this.further] } : {};
    const marker = databaseMarker(this.node.addr, { container: this.containerName, database: KEYCLOAK, ...states });
    TerraformStack.of(this).addOverride(...marker);
  }

  /** @internal Puts it into the network of a cluster too, which is declared in the same stack. */
  _join(network: Network): void {
    this.networks.push({ name: network.name });
    this.container.putNetworksAdvanced([...this.networks]);
  }
}
