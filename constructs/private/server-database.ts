import { createPrivateKey } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Construct } from "constructs";
import type { Container } from "../../.gen/providers/docker/container";
import { RENEWED_CERTIFICATES } from "../contract/docker-names";
import { projectFolder } from "../contract/project-files";
import type { DatabaseSignIn, IPostgresDatabase } from "../database";
import { readTextFile } from "../keys/read-file";
import type { ITlsCertificate } from "../tls";
import { ValidationError } from "./errors";
import { KEYCLOAK_FILES } from "./keycloak-options";
import { connectionsOfEach } from "./postgres-files";
import { publicFile, stackFolder } from "./project";
import { type BroughtFile, bringRenewed, fingerprint } from "./renewal";
import { isTest } from "./tests";

const CA = "database-ca.crt";
const CERTIFICATE = "database.crt";
const KEY = "database.key.der";

/**
 * So long a server waits for an answer of its database. One that moved to another address, or a network that drops packets,
 * sends none, and not even an error: without a limit all connections would wait for good, and the server call itself ready.
 * A statement of an upgrade may take this long, on tables of millions of rows.
 */
const ANSWER_SECONDS = 60;

/** How a server reaches its database and signs in to it. */
export class ServerDatabase extends Construct {
  private readonly signIn: DatabaseSignIn;

  constructor(
    server: Construct,
    private readonly database: IPostgresDatabase,
    /** How many share it. */
    private readonly servers: number,
  ) {
    super(server, "Database");
    this.signIn = database._signIn;
  }

  get networkName(): string | undefined {
    return this.database.networkName;
  }

  /** For `kc.sh start`. The password is in the configuration file, not here. */
  get startOptions(): string[] {
    const { host, port, databaseName, username } = this.database;
    const settings = {
      sslmode: "verify-full",
      sslrootcert: `${KEYCLOAK_FILES}/${CA}`,
      ...("certificate" in this.signIn && {
        sslcert: `${KEYCLOAK_FILES}/${CERTIFICATE}`,
        sslkey: `${KEYCLOAK_FILES}/${KEY}`,
      }),
      connectTimeout: "5",
      tcpKeepAlive: "true",
      socketTimeout: String(ANSWER_SECONDS),
    };
    const query = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    return [
      `--db-url=jdbc:postgresql://${host}:${port}/${databaseName}?${query.join("&")}`,
      `--db-username=${username}`,
      `--db-pool-max-size=${connectionsOfEach(this.servers)}`,
    ];
  }

  /** Lines of `keycloak.conf`: without a password there are none. A checkout without the file makes no new container. */
  get configurationLines(): string[] {
    if ("certificate" in this.signIn || isTest(this)) return [];
    const path = resolve(projectFolder(), this.signIn.passwordFile);
    if (!existsSync(path)) return [];
    const password = readTextFile(path).replace(/\r?\n$/, "");
    if (!/^[\x21-\x7e]+$/.test(password) || /[\\$]/.test(password)) {
      throw new ValidationError(
        this,
        `the password in ${this.signIn.passwordFile} must be printable ASCII without spaces, backslash and dollar sign, which keycloak.conf reads differently, got: one of ${password.length} characters`,
      );
    }
    return [`db-password=${password}`];
  }

  /** What the container gets. */
  stageFiles(): BroughtFile[] {
    const staged = (name: string, content: string) => publicFile(this, `${KEYCLOAK_FILES}/${name}`, content);
    if (!("certificate" in this.signIn)) return [staged(CA, this.signIn.trustedPem)];
    const { certificate } = this.signIn;
    return [
      staged(CA, certificate.authority.trustedPem),
      staged(CERTIFICATE, certificate.certificatePem),
      { source: this.stageKey(certificate), target: `${KEYCLOAK_FILES}/${KEY}`, permissions: "0440" },
    ];
  }

  /** New connections take renewed files. */
  bringRenewed(container: Container, containerName: string, files: readonly BroughtFile[]): void {
    bringRenewed(this, RENEWED_CERTIFICATES, { container, containerName, files, triggers: this.triggers });
  }

  /** Public facts that differ when the files do. */
  get triggers(): Readonly<Record<string, string>> {
    const trusted =
      "certificate" in this.signIn ? this.signIn.certificate.authority.trustedPem : this.signIn.trustedPem;
    return {
      trusted: fingerprint(trusted),
      ...("certificate" in this.signIn && { certificate: this.signIn.certificate.thumbprint }),
    };
  }

  /** PostgreSQL's driver reads PKCS #8 in DER alone. The copy is the owner's alone, as the key is. */
  private stageKey({ files }: ITlsCertificate): string {
    const source = join("private", this.node.addr, KEY);
    const key = resolve(projectFolder(), files.key);
    if (isTest(this) || !existsSync(key)) return source;
    const target = join(stackFolder(this), source);
    mkdirSync(dirname(target), { recursive: true });
    const der = createPrivateKey(readTextFile(key)).export({ type: "pkcs8", format: "der" });
    writeFileSync(target, der, { mode: 0o600 });
    chmodSync(target, 0o600); // a file that was there keeps its mode
    return source;
  }
}
