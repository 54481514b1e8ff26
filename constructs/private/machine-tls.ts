import { createHash } from "node:crypto";
import type { Container } from "@cdktf/provider-docker/lib/container";
import { Lazy } from "cdktf";
import type { Construct } from "constructs";
import { literal } from "../contract/terraform-text";
import type { KeycloakServer } from "../keycloak-server";
import type { ClientCertificates } from "../server";
import type { SignedJwtClient } from "../signed-jwt-client";
import type { ICertificateAuthority, ITlsCertificate } from "../tls";
import { checkClientCertificate } from "./certificate-checks";
import { check } from "./checks";
import { fromStackFolder, stagePublicFile } from "./project";
import { type BroughtFile, bringRenewed } from "./renewal";

const FOLDER = "/run/machine";

/** What a machine in a container needs for TLS: files, settings of its program, and how renewed files get there. */
export class MachineTls {
  private readonly authority?: ICertificateAuthority;

  constructor(
    private readonly machine: Construct,
    private readonly client: SignedJwtClient,
    private readonly server: KeycloakServer,
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
    const isKnown = (whom: string) => ["none", "request", "required"].includes(whom);
    const problems = check("clientCertificates", clients, isKnown, 'must be "none", "request" or "required"');
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

  get files(): BroughtFile[] {
    return [...this.publicFiles(), ...this.keyFile()];
  }

  /** The program takes up what fits together, so the order does not matter. */
  bringRenewed(container: Container, containerName: string): void {
    if (this.files.length === 0) return;
    bringRenewed(this.machine, "RenewedCertificates", {
      container,
      containerName,
      files: this.files,
      triggers: {
        ...(this.certificate && { certificate: this.certificate.thumbprint }),
        ...(this.authority && { trusted: createHash("sha256").update(this.authority.trustedPem).digest("base64url") }),
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

  private publicFiles(): BroughtFile[] {
    const file = (name: string, content: string) => {
      return { source: stagePublicFile(this.machine, name, content), target: `${FOLDER}/${name}`, permissions: "0444" };
    };
    return [
      ...(this.authority ? [file("ca.crt", this.authority.trustedPem)] : []),
      ...(this.certificate ? [file("tls.crt", this.certificate.certificatePem)] : []),
    ];
  }

  private keyFile(): BroughtFile[] {
    if (!this.certificate) return [];
    const source = fromStackFolder(this.machine, this.certificate.files.key);
    return [{ source, target: `${FOLDER}/tls.key`, permissions: "0400" }];
  }
}
