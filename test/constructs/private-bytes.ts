import { createPrivateKey } from "node:crypto";

const WINDOW = 24;

/** PKCS#8 of an RSA-2048 key begins with version, algorithm, modulus and public exponent: that much is public. */
const PUBLIC_PREFIX = 404;

/**
 * Finds the private half of a key in a text: any 24 characters in a row of its PEM body, or of a private JWK member in
 * base64, base64url or hexadecimal. Line breaks, as they are or escaped, do not hide it.
 */
export function findPrivateBytes(keyPem: string, text: string): string | undefined {
  const secrets = windowsOf(keyPem);
  for (const form of new Set([text, text.replaceAll(/\\[rn]|[\r\n]/g, "")])) {
    for (let at = 0; at + WINDOW <= form.length; at++) {
      const slice = form.slice(at, at + WINDOW);
      if (secrets.has(slice)) return slice;
    }
  }
  return undefined;
}

function windowsOf(keyPem: string): Set<string> {
  const windows = new Set<string>();
  for (const secret of spellings(keyPem)) {
    for (let at = 0; at + WINDOW <= secret.length; at++) windows.add(secret.slice(at, at + WINDOW));
  }
  return windows;
}

function spellings(keyPem: string): string[] {
  const { kty, d, p, q, dp, dq, qi } = createPrivateKey(keyPem).export({ format: "jwk" });
  const members = [d, p, q, dp, dq, qi]
    .filter((member) => member !== undefined)
    .map((member) => Buffer.from(member, "base64url"));
  // Of the other kinds the body is little more than `d`, between header and public key.
  const body = kty === "RSA" ? keyPem.replaceAll(/-----[^-]+-----|\s/g, "").slice(PUBLIC_PREFIX) : "";
  return [
    body,
    ...members.flatMap((bytes) => [
      bytes.toString("hex"),
      bytes.toString("hex").toUpperCase(),
      ...[0, 1, 2].flatMap((skip) => [
        bytes.subarray(skip).toString("base64"),
        bytes.subarray(skip).toString("base64url"),
      ]),
    ]),
  ];
}
