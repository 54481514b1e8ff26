import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import type { Container } from "../../.gen/providers/docker/container";
import { RENEWED_CERTIFICATES } from "../contract/docker-names";
import { literal } from "../contract/terraform-text";
import type { ClientCertificates, IKeycloakInDocker } from "../server";
import type { SignedJwtClient } from "../signed-jwt-client";
import type { ICertificateAuthority, ITlsCertificate } from "../tls";
import { checkAsking, checkClientCertificate } from "./certificate-checks";
import { check } from "./checks";
import { fromStackFolder, stagePublicFile } from "./project";
import { type BroughtFile, bringRenewed, fingerprint } from "./renewal";

const FOLDER = "/run/machine";

/** What a machine in a container needs for TLS: files, settings of its program, and how renewed files get there. */
export class MachineTls {
  private readonly authority?: ICertificateAuthority;

  constructor(
    private readonly machine: Construct,
    private readonly client: SignedJwtClient,
    private readonly server: IKeycloakInDocker,
    private readonly certificate: ITlsCertificate | undefined,
    private readonly clients: ClientCertificates,
    private readonly elsewhere: Readonly<Record<string, string>>,
  ) {
    this.authority = certificate?.authority ?? server.authority;
  }

  /** Whether the program serves https. */
  get isServed(): boolean {
    return this.certificate !== undefined && this.certificate.usage !== "client";
  }

  problems(hostName: string): string[] {
    const { certificate, clients, server } = this;
    const problems = checkAsking(clients);
    if (clients !== "none" && !this.isServed) {
      problems.push('`clientCertificates` needs `tls` of usage "server" or "peer"; declare it');
    }
    if (clients === "none" && Object.keys(this.elsewhere).length > 0) {
      problems.push('`callerCertificates` needs `clientCertificates` "request" or "required"');
    }
    for (const name of Object.values(this.elsewhere)) {
      const rule = "must give each client the common name of its certificate, without a comma";
      problems.push(...check("callerCertificates", name, (one) => /^[^,]+$/.test(one), rule));
    }
    if (this.isServed && !certificate!._isFor(hostName)) {
      problems.push(`\`tls\` must be for ${hostName}, as callers reach the machine; add it to its \`dnsNames\``);
    }
    if (server.clientCertificates === "required" && (certificate?.usage ?? "server") === "server") {
      problems.push(
        `\`tls\` must be of usage "client" or "peer" where the server requires client certificates, got: ${certificate ? '"server"' : "none"}`,
      );
    } else if (
      certificate &&
      certificate.usage !== "server" &&
      server.authority &&
      server.clientCertificates !== "none"
    ) {
      problems.push(...checkClientCertificate("tls", certificate, server.authority));
    }
    return problems;
  }

  /** Settings of the program. */
  get env(): string[] {
    return [
      ...(this.authority ? [`TLS_CA_FILE=${FOLDER}/ca.crt`] : []),
      ...(this.certificate ? [`TLS_CERTIFICATE_FILE=${FOLDER}/tls.crt`, `TLS_KEY_FILE=${FOLDER}/tls.key`] : []),
      ...(this.certificate && !this.isServed ? ["SERVE_HTTPS=false"] : []),
      ...(this.clients === "none" ? [] : [`CLIENT_CERTIFICATES=${this.clients}`, this.callers()]),
    ];
  }

  /** What the container gets. Public files are written beside the JSON; the private key is copied from where it is. */
  stageFiles(): BroughtFile[] {
    const file = (name: string, source: string, permissions: BroughtFile["permissions"]) => {
      return { source, target: `${FOLDER}/${name}`, permissions };
    };
    const publicFile = (name: string, content: string) =>
      file(name, stagePublicFile(this.machine, name, content), "0444");
    const { authority, certificate } = this;
    return [
      ...(authority ? [publicFile("ca.crt", authority.trustedPem)] : []),
      ...(certificate ? [publicFile("tls.crt", certificate.certificatePem)] : []),
      ...(certificate ? [file("tls.key", fromStackFolder(this.machine, certificate.files.key), "0440")] : []),
    ];
  }

  bringRenewed(container: Container, containerName: string, files: readonly BroughtFile[]): void {
    if (files.length === 0) return;
    bringRenewed(this.machine, RENEWED_CERTIFICATES, {
      container,
      containerName,
      files,
      triggers: {
        ...(this.certificate && { certificate: this.certificate.thumbprint }),
        ...(this.authority && { trusted: fingerprint(this.authority.trustedPem) }),
      },
    });
  }

  /** Which certificate each caller has. A grant may come later. */
  private callers(): string {
    const here = () =>
      this.client._callers.flatMap(({ clientId, boundTo }) =>
        typeof boundTo === "object" ? [[clientId, boundTo.commonName]] : [],
      );
    const text = () =>
      Object.entries<string>({ ...Object.fromEntries(here()), ...this.elsewhere })
        .map(([clientId, name]) => `${encodeURIComponent(clientId)}=${literal(name)}`)
        .join(",");
    return Lazy.stringValue({ produce: () => `CALLER_CERTIFICATES=${text()}` });
  }
}
