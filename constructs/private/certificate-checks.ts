import { isIP } from "node:net";
import { isAbsolute, relative } from "node:path";
import type { CertificatePlace } from "../certificates/certificate-files";
import { TLS_KEY_ALGORITHMS, type TlsKeyAlgorithm } from "../certificates/key-algorithms";
import { type KeyCreation, whyNoCreation } from "../contract/key-switches";
import { projectFolder } from "../contract/project-files";
import { CLIENT_CERTIFICATES, type ClientCertificates } from "../server";
import type { ICertificateAuthority, ITlsCertificate } from "../tls";
import { check } from "./checks";
import { checkDirectory, checkName } from "./place-checks";

/** Checks where the files of a certificate are. */
export function checkPlace({ name, directory, privateKeyDirectory }: CertificatePlace): string[] {
  return [
    ...checkName(name),
    ...checkDirectory("directory", directory),
    ...(privateKeyDirectory === directory ? [] : checkDirectory("privateKeyDirectory", privateKeyDirectory)),
  ];
}

export function checkKeyAlgorithm(algorithm: TlsKeyAlgorithm): string[] {
  const rule = `must be ${TLS_KEY_ALGORITHMS.map((name) => `"${name}"`).join(", ")}`;
  return check("keyAlgorithm", algorithm, (one) => TLS_KEY_ALGORITHMS.includes(one), rule);
}

export function checkValidity(days: number): string[] {
  return check("validityDays", days, (d) => d > 0 && d <= 36_500, "must be more than 0 and at most 36500");
}

/** A name that a certificate can be for; `*` may stand for the first part (RFC 9525 section 6.3). */
export function checkDnsName(prop: string, name: string): string[] {
  const label = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?";
  const rule =
    "must be a DNS name: letters, digits, dashes and dots, at most 253 characters, and no IP address (`ipAddresses` takes those) or address with scheme or port";
  const isName = new RegExp(`^(\\*\\.${label}\\.)?${label}(\\.${label})*$`, "i");
  return check(prop, name, (n) => isName.test(n) && n.length <= 253 && isIP(n) === 0 && !/^[\d.]+$/.test(n), rule);
}

/** A name that stands for itself and all below it, as name constraints have it: without a star. */
export function checkPermittedName(prop: string, name: string): string[] {
  const star = check(
    prop,
    name,
    (n) => !String(n).includes("*"),
    "must be without a star: all names below are meant too",
  );
  return star.length > 0 ? star : checkDnsName(prop, name);
}

export function checkIpAddress(prop: string, ip: string): string[] {
  return check(prop, ip, (one) => isIP(one) !== 0 && !one.includes("%"), "must be an IPv4 or IPv6 address");
}

export function checkAsking(whom: ClientCertificates): string[] {
  const rule = 'must be "none", "request" or "required"';
  return check("clientCertificates", whom, (one) => CLIENT_CERTIFICATES.includes(one), rule);
}

/** Checks what a client of a server shows. */
export function checkClientCertificate(
  prop: string,
  certificate: ITlsCertificate,
  authority: ICertificateAuthority,
): string[] {
  if (certificate.usage === "server") {
    return [`\`${prop}\` must be of usage "client" or "peer", got: "server"; declare another one`];
  }
  const trusted = authority.trustedPem.split(/(?<=-----END CERTIFICATE-----)\n/);
  if (trusted.some((root) => root.trim() !== "" && certificate.authority.trustedPem.includes(root.trim()))) return [];
  return [
    `\`${prop}\` must be of a CA that the server trusts, got: one of another; use the server's \`authority\`, or put the other one \`alongside\``,
  ];
}

/** Whether keys and certificates are made where there are none. */
export function creationOfCertificates(): KeyCreation {
  const reason = whyNoCreation();
  if (reason === undefined) return "allowed";
  return {
    refusedBecause: `${reason}; commit the certificate, or have \`m2m up\` make it on a machine that has the key of its CA`,
  };
}

/** A file as it was declared: relative to `cdktf.json`, so that every checkout gives the same JSON, or absolute. */
export function projectPath(path: string, declared: string): string {
  return isAbsolute(declared) ? path : relative(projectFolder(), path);
}
