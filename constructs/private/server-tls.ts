import type { Construct } from "constructs";
import type { Container } from "../../.gen/providers/docker/container";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { certificatesIn } from "../certificates/chain";
import { trustStore } from "../certificates/trust-store";
import { RENEWED_CERTIFICATES } from "../contract/docker-names";
import type { ClientCertificates } from "../server";
import type { ICertificateAuthority, ITlsCertificate, KeycloakTls } from "../tls";
import { TlsCertificate } from "../tls-certificate";
import { checkClientCertificate } from "./certificate-checks";
import { check, checkKnown, type Known } from "./checks";
import { failOn } from "./errors";
import { KEYCLOAK_FILES } from "./keycloak-options";
import { fromStackFolder, publicFile } from "./project";
import { type BroughtFile, bringRenewed, fingerprint } from "./renewal";

const TLS: Known<KeycloakTls> = {
  authority: true,
  certificate: true,
  minimumVersion: true,
  terraformCertificate: true,
};

/** Keycloak looks for renewed files this often, in seconds: as often as it can. */
const RELOAD_SECONDS = 31;

/** What else decides who a server shows its certificate to. */
interface ServerTlsOptions {
  /** The user's own. */
  readonly provider?: KeycloakProvider;
  /** Where others reach it. */
  readonly publicUrl?: string;
}

/** A certificate, a trust store and how Keycloak is started with them. */
export class ServerTls {
  readonly certificate: ITlsCertificate;
  readonly authority: ICertificateAuthority;
  /** What Terraform shows, where it has to. */
  readonly terraform?: ITlsCertificate;
  private readonly minimumVersion: string;

  constructor(
    private readonly server: Construct,
    private readonly containerName: string,
    private readonly clients: ClientCertificates,
    tls: KeycloakTls,
    { provider, publicUrl }: ServerTlsOptions,
  ) {
    const publicHost = publicUrl === undefined ? [] : [new URL(publicUrl).hostname];
    const { authority = tls.certificate?.authority, minimumVersion = "TLSv1.3" } = tls;
    failOn(server, [
      ...checkKnown(tls, TLS).map((problem) => `tls: ${problem}`),
      ...check("tls.minimumVersion", minimumVersion, isVersion, 'must be "TLSv1.3" or "TLSv1.2"'),
      ...(authority ? [] : ["`tls` must have an `authority` or a `certificate`, got: neither"]),
      ...checkProvider(clients, provider),
    ]);
    this.authority = authority!;
    this.minimumVersion = minimumVersion;
    this.certificate =
      tls.certificate ??
      new TlsCertificate(server, "Tls", {
        authority: this.authority,
        name: containerName,
        usage: "server",
        dnsNames: [...new Set(["keycloak", containerName, "localhost", ...publicHost])],
      });
    failOn(server, checkServerCertificate(this.certificate, publicHost));
    if (clients !== "required" || provider) return;
    this.terraform =
      tls.terraformCertificate ??
      new TlsCertificate(server, "TerraformTls", {
        authority: this.authority,
        name: `${containerName}-terraform`,
        usage: "client",
      });
    failOn(server, checkClientCertificate("tls.terraformCertificate", this.terraform, this.authority));
  }

  /** For `kc.sh build`. */
  get buildOptions(): string[] {
    return this.clients === "none" ? [] : [`--https-client-auth=${this.clients}`];
  }

  /** For `kc.sh start`. */
  get startOptions(): string[] {
    const versions = this.minimumVersion === "TLSv1.2" ? "TLSv1.3,TLSv1.2" : "TLSv1.3";
    return [
      "--http-enabled=false",
      `--https-certificate-file=${KEYCLOAK_FILES}/tls.crt`,
      `--https-certificate-key-file=${KEYCLOAK_FILES}/tls.key`,
      `--https-protocols=${versions}`,
      `--https-certificates-reload-period=${RELOAD_SECONDS}s`,
      // The health check asks from inside the container, where nobody else is.
      "--http-management-scheme=http",
      ...(this.clients === "none"
        ? []
        : [`--https-trust-store-file=${KEYCLOAK_FILES}/clients.p12`, "--https-trust-store-password=public"]),
    ];
  }

  /** What the container gets. Public files are written beside the JSON; the private key is copied from where it is. */
  stageFiles(): BroughtFile[] {
    const staged = (name: string, content: string | Buffer) => {
      return publicFile(this.server, `${KEYCLOAK_FILES}/${name}`, content);
    };
    const key = fromStackFolder(this.server, this.certificate.files.key);
    return [
      staged("tls.crt", this.certificate.certificatePem),
      { source: key, target: `${KEYCLOAK_FILES}/tls.key`, permissions: "0440" },
      ...(this.clients === "none" ? [] : [staged("clients.p12", this.trusted())]),
    ];
  }

  bringRenewed(container: Container, files: readonly BroughtFile[]): void {
    bringRenewed(this.server, RENEWED_CERTIFICATES, {
      container,
      containerName: this.containerName,
      files,
      triggers: this.triggers,
    });
  }

  /** Public facts that differ when the files do. */
  get triggers(): Readonly<Record<string, string>> {
    return {
      certificate: this.certificate.thumbprint,
      ...(this.clients !== "none" && { clients: fingerprint(this.trusted()) }),
    };
  }

  private trusted(): Buffer {
    return trustStore(certificatesIn(this.authority.trustedPem, this.authority.trustFile));
  }
}

function checkServerCertificate(certificate: ITlsCertificate, publicHost: readonly string[]): string[] {
  const missing = ["keycloak", "localhost", ...publicHost].filter((host) => !certificate._isFor(host));
  return [
    ...(certificate.usage === "client" ? ['`tls.certificate` must be of usage "server" or "peer", got: "client"'] : []),
    ...(missing.length > 0
      ? [
          `\`tls.certificate\` must be for keycloak, as machines reach the server, and localhost, as Terraform and browsers do${publicHost.length > 0 ? ", and the host of `publicUrl`" : ""}, got: one that is not for ${missing.join(" and ")}; add the names`,
        ]
      : []),
  ];
}

/** A provider of the user's has to be told at the synthesis, and not by a handshake that fails. */
function checkProvider(clients: ClientCertificates, provider?: KeycloakProvider): string[] {
  if (clients !== "required" || !provider || provider.tlsClientCertificate !== undefined) return [];
  return [
    '`provider` must have a `tlsClientCertificate` where `clientCertificates` is "required", got: one without; add it, or leave `provider` out',
  ];
}

function isVersion(version: string): boolean {
  return ["TLSv1.3", "TLSv1.2"].includes(version);
}
