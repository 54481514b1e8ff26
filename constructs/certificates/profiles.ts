import { isIPv4 } from "node:net";
import { pki } from "node-forge";
import { BITSTRING, BOOLEAN, implicit, integer, type Node, oid, primitive, sequence, tagged } from "../keys/asn1";
import { extension } from "../keys/sign-certificate";

/** What a certificate is for: to serve, to call, or both. */
export type TlsUsage = "server" | "client" | "peer";

export const TLS_USAGES: readonly TlsUsage[] = ["server", "client", "peer"];

/** The names of an extended key usage, RFC 5280 section 4.2.1.12. */
export const SERVER_AUTH = "1.3.6.1.5.5.7.3.1";
export const CLIENT_AUTH = "1.3.6.1.5.5.7.3.2";
const NAME_CONSTRAINTS = "2.5.29.30";

/** What peers look for in a certificate of a usage. */
export function purposesOf(usage: TlsUsage): string[] {
  return [...(usage === "client" ? [] : [SERVER_AUTH]), ...(usage === "server" ? [] : [CLIENT_AUTH])];
}

/**
 * Extensions of a CA.
 *
 * @param pathLength how many CAs may stand between it and a certificate
 * @param permittedDnsNames the names, with all below them, that its certificates may have; any if there are none
 */
export function authorityExtensions(pathLength: number, permittedDnsNames: readonly string[]): Node[] {
  const subtrees = permittedDnsNames.map((name) => sequence(implicit(2, name)));
  return [
    extension(pki.oids.basicConstraints!, sequence(primitive(BOOLEAN, "\xff"), integer(pathLength)), true),
    extension(pki.oids.keyUsage!, primitive(BITSTRING, "\x01\x06"), true), // keyCertSign, cRLSign
    ...(subtrees.length > 0 ? [extension(NAME_CONSTRAINTS, sequence(tagged(0, ...subtrees)), true)] : []),
  ];
}

/** Extensions of a certificate for TLS. */
export function leafExtensions(usage: TlsUsage, dnsNames: readonly string[], ipAddresses: readonly string[]): Node[] {
  const names = [
    ...[...new Set(dnsNames)].map((name) => implicit(2, name)),
    ...[...new Set(ipAddresses.map(octetsOf))].map((octets) => implicit(7, octets)),
  ];
  return [
    extension(pki.oids.basicConstraints!, sequence(), true), // cA is FALSE where it is left out
    extension(pki.oids.keyUsage!, primitive(BITSTRING, "\x07\x80"), true), // digitalSignature
    extension(pki.oids.extKeyUsage!, sequence(...purposesOf(usage).map(oid))),
    ...(names.length > 0 ? [extension(pki.oids.subjectAltName!, sequence(...names))] : []),
  ];
}

/** 4 or 16 bytes, RFC 5280 section 4.2.1.6. Several spellings of an address have the same. */
function octetsOf(ip: string): string {
  if (isIPv4(ip)) return String.fromCharCode(...ip.split(".").map(Number));
  const [, groups] = /^\[(.+)\]$/.exec(new URL(`http://[${ip}]`).hostname)!;
  const [head = "", tail = ""] = groups!.split("::");
  const numbers = (text: string) => text.split(":").filter(Boolean);
  const missing = Array(8 - numbers(head).length - numbers(tail).length).fill("0");
  const all = [...numbers(head), ...missing, ...numbers(tail)].map((group) => Number.parseInt(group, 16));
  return String.fromCharCode(...all.flatMap((number) => [number >> 8, number & 0xff]));
}
