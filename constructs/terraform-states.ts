import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { PostgresDatabase } from "./postgres-database";
import { check, checkKnown, type Known } from "./private/checks";
import { claim } from "./private/claims";
import { failOn } from "./private/errors";
import type { ITlsCertificate } from "./tls";
import { TlsCertificate } from "./tls-certificate";

/** Properties of a {@link TerraformStates}. */
export interface TerraformStatesProps {
  /** The database that keeps them. It is declared in the same stack and has a `localhostPort`. */
  readonly database: PostgresDatabase;
  /** Whose states they are: 1 to 40 small letters, digits or underscores, the first a letter. */
  readonly name: string;
  /**
   * Folder of the certificate and its private key, absolute or relative to `cdktf.json`: what is handed to whoever deploys.
   *
   * @default "certs"
   */
  readonly directory?: string;
  /**
   * Days until the certificate ends. It never outlives its CA.
   *
   * @default 365
   */
  readonly validityDays?: number;
}

const PROPS: Known<TerraformStatesProps> = { database: true, name: true, directory: true, validityDays: true };

/**
 * A place for the Terraform states of others, with locks, in a {@link PostgresDatabase}: a database of its own, and a role that
 * may sign in to that one alone, by a certificate. It sees nothing of Keycloak's database.
 *
 * The states of the stack that declares it cannot be there: that stack makes the database.
 *
 * @see https://developer.hashicorp.com/terraform/language/backend/pg
 */
export class TerraformStates extends Construct {
  readonly host = "127.0.0.1";
  readonly port: number;
  readonly databaseName: string;
  readonly username: string;
  /** What Terraform shows. */
  readonly certificate: ITlsCertificate;

  constructor(scope: Construct, id: string, props: TerraformStatesProps) {
    super(scope, id);
    const { database, name, directory, validityDays } = props;
    const rule = "must be 1 to 40 small letters, digits or underscores, the first a letter";
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...check("name", name, (one) => /^[a-z][a-z0-9_]{0,39}$/.test(one), rule),
      ...this.checkDatabase(database, name),
    ]);
    const role = `states_${name}`;
    this.port = database.localhostPort!; // as checked
    this.databaseName = role;
    this.username = role;
    this.certificate = new TlsCertificate(this, "Tls", {
      authority: database._authority,
      name: role,
      usage: "client",
      directory,
      validityDays,
    });
    database._addDatabase(role);
  }

  private checkDatabase(database: PostgresDatabase, name: string): string[] {
    if (!(database instanceof PostgresDatabase)) {
      return [
        "`database` must be a PostgresDatabase, got: one of fromUrl; make a database in it, and use its own address",
      ];
    }
    if (TerraformStack.of(database) !== TerraformStack.of(this)) {
      return ["`database` must be declared in the same stack, got: one of another stack; move the one to the other"];
    }
    if (database.localhostPort === undefined) {
      return ["`database` must have a `localhostPort`, by which Terraform reaches it, got: one that is not published"];
    }
    const before = claim(this, `${database.node.addr} states ${name}`);
    if (before === undefined) return [];
    return [`\`name\` must be unique in its database, got: ${name}, which ${before} has already; choose another`];
  }
}
