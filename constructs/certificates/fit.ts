import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { commonNameOf } from "../keys/common-name";
import { KeyError } from "../keys/errors";
import { shown } from "../keys/shown";
import { type Chain, issuerNameOf, leadsTo, nameOf } from "./chain";
import { CLIENT_AUTH, purposesOf, type TlsUsage } from "./profiles";

/** What a certificate is declared to be. */
export interface Declared {
  readonly usage: TlsUsage;
  /** Names and addresses that it has to be good for. */
  readonly hosts: readonly string[];
  /** The common name, where it is declared. */
  readonly commonName?: string;
  readonly roots: readonly X509Certificate[];
}

/** How a certificate differs from its declaration, in words; `undefined` if it does not. */
export function misfit(chain: Chain, { usage, hosts, commonName, roots }: Declared): string | undefined {
  const { leaf } = chain;
  if (leaf.ca) return `be one of a server or machine, got: that of a CA, ${nameOf(leaf)}`;
  if (!leadsTo(chain, roots)) {
    return `be issued by its \`authority\`, with all certificates between them, got: ${nameOf(chain.above.at(-1) ?? leaf)}, issued by ${issuerNameOf(chain.above.at(-1) ?? leaf)}`;
  }
  const missing = purposesOf(usage).filter(
    (purpose) => leaf.keyUsage !== undefined && !leaf.keyUsage.includes(purpose),
  );
  if (missing.length > 0) {
    const of = missing.includes(CLIENT_AUTH) ? "clients (clientAuth)" : "servers (serverAuth)";
    return `be for ${of}, got: one whose extended key usage lacks it`;
  }
  const others = hosts.filter((host) => !isFor(leaf, host));
  if (others.length > 0) return `be for ${others.join(", ")}, got: ${shown(leaf.subjectAltName ?? "no name")}`;
  const name = commonNameOf(leaf) ?? "";
  if (commonName !== undefined && name !== commonName) return `have the common name ${commonName}, got: ${shown(name)}`;
  return undefined;
}

/** @throws {KeyError} `CERTIFICATE_UNFIT` */
export function refuseMisfit(problem: string | undefined, where: string, remedy: string): void {
  if (problem !== undefined) throw new KeyError("CERTIFICATE_UNFIT", `${where} must ${problem}; ${remedy}`);
}

/** Whether a server's certificate is good for a name or address. */
export function isFor(leaf: X509Certificate, host: string): boolean {
  if (isIP(host) !== 0) return leaf.checkIP(host) !== undefined;
  // OpenSSL looks for hosts, of which none is called by a star.
  if (host.startsWith("*.")) return dnsNamesOf(leaf).includes(host.toLowerCase());
  return leaf.checkHost(host, { subject: "never" }) !== undefined;
}

/** Node.js puts a name into quotes that has a comma or quote in it. */
function dnsNamesOf({ subjectAltName }: X509Certificate): string[] {
  const entries = (subjectAltName ?? "").match(/([^,"]|"(\\.|[^"\\])*")+/g) ?? [];
  return entries.flatMap((entry) => /^DNS:([^"]+)$/.exec(entry.trim())?.[1]?.toLowerCase() ?? []);
}
