import { X509Certificate } from "node:crypto";

/**
 * The common name of a certificate's subject. `undefined` unless there is exactly one, in a part of the subject of its own:
 * it would have to be guessed which one is meant.
 */
export function commonNameOf(certificate: X509Certificate | Buffer): string | undefined {
  const parts = subjectOf(certificate).split("\n");
  const named = parts.filter((part) => /(^| \+ )CN=/.test(part));
  const [part = ""] = named;
  if (named.length !== 1 || part.includes(" + ")) return undefined;
  return part.slice("CN=".length).replace(/(?:\\[0-9A-F]{2})+|\\./g, unescaped);
}

/** One line a part. OpenSSL escapes control characters, and signs that mean something in a name, as in RFC 2253. */
function subjectOf(certificate: X509Certificate | Buffer): string {
  try {
    return (certificate instanceof X509Certificate ? certificate : new X509Certificate(certificate)).subject ?? "";
  } catch {
    return "";
  }
}

function unescaped(escaped: string): string {
  if (!/^\\[0-9A-F]{2}/.test(escaped)) return escaped.slice(1);
  return Buffer.from(escaped.replaceAll("\\", ""), "hex").toString();
}
