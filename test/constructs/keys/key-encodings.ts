import type { KeyObject } from "node:crypto";
import fc from "fast-check";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";

/** The texts that people have a private key as, by name. */
export function encodingsOf(key: KeyObject): Record<string, string> {
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
  const der = key.export({ type: "pkcs8", format: "der" });
  const jwk = key.export({ format: "jwk" });
  const secret = Buffer.from(jwk.d!, "base64url");
  const encrypted = key.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString();
  const older = { rsa: "pkcs1", ec: "sec1" }[key.asymmetricKeyType as string];
  return {
    pem,
    "PEM in one line": pem.replaceAll("\n", "\\n"),
    "PEM, lines as words": pem.replaceAll("\n", " "),
    "PEM with CRLF": pem.replaceAll("\n", "\r\n"),
    "PEM in JSON": JSON.stringify({ key: pem }),
    "PEM in a URL": encodeURIComponent(pem),
    "PEM in a form": new URLSearchParams({ key: pem }).toString(),
    "PEM in base64": Buffer.from(pem).toString("base64"),
    "PEM without its lines": pem.replaceAll(/-----.*-----\n/g, ""),
    "PEM, half of it": pem.slice(0, pem.length / 2),
    "PEM, encrypted": encrypted,
    ...(older && { "PEM, older form": key.export({ type: older as "pkcs1", format: "pem" }).toString() }),
    base64: der.toString("base64"),
    base64url: der.toString("base64url"),
    hex: der.toString("hex"),
    "HEX, of openssl": (der.toString("hex").toUpperCase().match(/../g) ?? []).join(":"),
    bytes: der.toString("latin1"),
    "bytes as UTF-8": der.toString("utf8"),
    "list of bytes": [...der].join(","),
    jwk: JSON.stringify(jwk),
    "JWK, escaped": JSON.stringify(JSON.stringify(jwk)),
    "JWK in base64": Buffer.from(JSON.stringify(jwk)).toString("base64"),
    "JWK set": JSON.stringify({ keys: [jwk] }, null, 2),
    "secret number": jwk.d!,
    "secret number in base64": secret.toString("base64"),
    "secret number in hex": secret.toString("hex"),
    "secret number in decimal": BigInt(`0x${secret.toString("hex")}`).toString(),
  };
}

const KEYS = [rsaPair(), ecPair(), ed25519Pair()].map(({ privateKey }) => encodingsOf(privateKey));

/** Texts of a key in any encoding, as they are, quoted, below a folder, with a name's end, or behind an address. */
export const keyTexts: fc.Arbitrary<GivenKey> = fc
  .tuple(
    fc.constantFrom(...KEYS),
    fc.integer({ min: 0, max: 99 }),
    fc.constantFrom(
      (text: string) => text,
      (text: string) => `${text}\n`,
      (text: string) => `'${text}'`,
      (text: string) => `certs/${text}`,
      (text: string) => `/home/anna/keys/${text}.pem`,
      (text: string) => `file://${text}`,
    ),
  )
  .map(([encodings, at, place]) => {
    const all = Object.entries(encodings);
    const [encoding, key] = all[at % all.length]!;
    return { encoding, key, text: place(key) };
  });

interface GivenKey {
  readonly encoding: string;
  /** What must not be seen. */
  readonly key: string;
  /** What is given. */
  readonly text: string;
}

const WINDOW = 12;

/** Twelve characters in a row of a key that a text has; what is the same in all keys does not count. */
export function leakOf({ key }: GivenKey, text: string): string | undefined {
  const secret = key.replaceAll(/-----[A-Z ]*-----|%2D[-%2DA-Z0]*|LS0tLS[\w+/]{30}/g, "\n");
  const isOfAll = (part: string) => /^[\s\\nr]*$/.test(part) || /[\n]/.test(part);
  for (let at = 0; at + WINDOW <= secret.length; at++) {
    const part = secret.slice(at, at + WINDOW);
    if (!isOfAll(part) && text.includes(part)) return part;
  }
  return undefined;
}
