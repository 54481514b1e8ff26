import { Token } from "cdktf";
import { Construct, type IDependable } from "constructs";
import { certificatesIn, toPem } from "../certificates/chain";
import type { DatabaseSignIn, IPostgresDatabase, PostgresDatabaseAttributes } from "../database";
import { shown } from "../keys/shown";
import { check, checkKnown, type Known } from "./checks";
import { failOn } from "./errors";
import { readCertificates } from "./files-of-others";
import { explained } from "./key-reading";
import { isTest } from "./tests";

const ATTRIBUTES: Known<PostgresDatabaseAttributes> = { url: true, passwordFile: true, caFile: true };

/** A database that exists. */
export class ImportedPostgresDatabase extends Construct implements IPostgresDatabase {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
  readonly username: string;
  /** @internal */
  readonly _signIn: DatabaseSignIn;

  constructor(scope: Construct, id: string, attributes: PostgresDatabaseAttributes) {
    super(scope, id);
    const { url, passwordFile, caFile } = attributes;
    failOn(this, [
      ...checkKnown(attributes, ATTRIBUTES),
      ...checkDatabaseUrl(url),
      ...check("passwordFile", passwordFile, isPath, "must be the path of a file with the user's password alone"),
      ...check("caFile", caFile, isPath, "must be the path of a PEM file with the CA of the database's certificate"),
    ]);
    const { hostname, port, pathname, username } = new URL(url);
    this.host = hostname;
    this.port = Number(port || 5432);
    this.databaseName = pathname.slice(1);
    this.username = username;
    const trustedPem = () => toPem(certificatesIn(readCertificates(caFile), caFile));
    this._signIn = { passwordFile, trustedPem: isTest(this) ? "" : explained(this, trustedPem) };
  }

  dependencies(): IDependable[] {
    return [];
  }
}

const NAME = "[a-z_][a-z0-9_]{0,62}";
const DATABASE_URL = new RegExp(`^postgres(ql)?://${NAME}@[^/?#@\\s]+/${NAME}$`);

function checkDatabaseUrl(url: string): string[] {
  if (!Token.isUnresolved(url) && /^[a-z]*:?\/*[^/?#@]*:[^/?#@]*@/i.test(url)) {
    const rest = shown(url.slice(url.indexOf("@")));
    return [
      `\`url\` must hold no password, as it is part of the JSON, got: one before ${rest}; write it into \`passwordFile\``,
    ];
  }
  const rule =
    "must be postgresql://USER@HOST:PORT/DATABASE, with names of lower-case letters, digits and underscores, and without a query";
  return check("url", url, (one) => DATABASE_URL.test(one) && URL.canParse(one), rule);
}

function isPath(path: string): boolean {
  return typeof path === "string" && path !== "";
}
