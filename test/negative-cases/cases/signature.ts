// The signature: taken away, bent, or made by the rules of another scheme.
import { createHash, sign } from "node:crypto";
import { type Case, type Input, SAYS } from "../case";
import { type Base, ecdsa, flipBit, forge, P256_ORDER, pss, rawRsa, unreduced } from "../forge";

const refused = (sent: string, token: (base: Base) => string, keycloak = SAYS.signature): Input => ({
  sent,
  token,
  verifier: "ERR_TOKEN_SIGNATURE",
  keycloak,
});
const malformed = (sent: string, token: (base: Base) => string, keycloak = SAYS.signature): Input => ({
  ...refused(sent, token, keycloak),
  verifier: "ERR_TOKEN_MALFORMED",
});
const only = (algorithms: Input["algorithms"], input: Input): Input => ({ ...input, algorithms });

const numbers = (sent: string, r: bigint, s: bigint) =>
  only(
    ["ES256"],
    refused(sent, (base) => forge(base, { sign: ecdsa(r, s) })),
  );

/** DigestInfo of SHA-256 as PKCS #1 v1.5 signs it, with or without the NULL that belongs to it. */
function digestInfo(input: Buffer, withNull = true): Buffer {
  const head = withNull ? "3031300d060960864801650304020105000420" : "302f300b0609608648016503040201" + "0420";
  return Buffer.concat([Buffer.from(head, "hex"), createHash("sha256").update(input).digest()]);
}

/** A block `00 01 FF … 00 DigestInfo`, with parts of it to one's choice. */
function block(bytes: number, info: Buffer, { type = 1, fill = 0xff, tail = Buffer.alloc(0) } = {}): Buffer {
  const filling = Buffer.alloc(bytes - 3 - info.length - tail.length, fill);
  return Buffer.concat([Buffer.from([0, type]), filling, Buffer.from([0]), info, tail]);
}

const padding = (sent: string, build: (input: Buffer, bytes: number) => Buffer, keycloak?: string) =>
  only(
    ["RS256"],
    refused(sent, (base) => forge(base, { sign: rawRsa(base.key.privateKey, build) }), keycloak),
  );

const otherPss = (sent: string, hash: string, saltLength: number) =>
  only(
    ["PS256"],
    refused(sent, (base) => forge(base, { sign: pss(base.key.privateKey, hash, saltLength) })),
  );

export const signatureCases: Case[] = [
  {
    number: 8,
    title: "no signature",
    inputs: [
      refused("an empty one", (base) => forge(base, { sign: () => Buffer.alloc(0) })),
      malformed("the last dot gone too", (base) => forge(base).replace(/\.[^.]*$/, "")),
      malformed("no dots at all", (base) => forge(base).replaceAll(".", ""), SAYS.unreadable),
      malformed("only dots", () => "..", SAYS.unreadable),
      refused("zeros", (base) => forge(base, { sign: () => Buffer.alloc(/^[RP]S/.test(base.algorithm) ? 256 : 64) })),
      refused("a foreign key's", (base) => forge({ ...base, key: { ...base.foreign, kid: base.key.kid } })),
    ],
  },
  {
    number: 9,
    title: "one bit changed",
    inputs: [
      {
        sent: "in the header's `kid`",
        token: (base) => bentKid(base),
        verifier: "ERR_TOKEN_SIGNATURE",
        keycloak: SAYS.key,
      },
      refused("in the payload", (base) => bentPayload(base)),
      refused("in the signature", (base) => flipBit(forge(base), 2)),
    ],
  },
  {
    number: 10,
    title: "elliptic curves: numbers out of range, other encodings",
    inputs: [
      numbers("r = 0, s = 0", 0n, 0n),
      numbers("r = 1, s = 0", 1n, 0n),
      numbers("r = n, s = n", P256_ORDER, P256_ORDER),
      numbers("r = n − 1, s = n − 1", P256_ORDER - 1n, P256_ORDER - 1n),
      only(
        ["ES256"],
        refused("DER instead of r and s", (base) =>
          forge(base, { sign: (input) => sign("sha256", input, base.key.privateKey) }),
        ),
      ),
      only(
        ["ES256"],
        refused("zeros after the signature", (base) => afterSignature(base, Buffer.alloc(2)), "accepted"),
      ),
      only(
        ["EdDSA"],
        refused("zeros after the signature", (base) => afterSignature(base, Buffer.alloc(2))),
      ),
      only(
        ["ES256", "EdDSA"],
        refused("half a signature", (base) =>
          forge(base, { encode: (part, place) => (place === 2 ? part.subarray(0, 32) : part).toString("base64url") }),
        ),
      ),
      only(
        ["EdDSA"],
        refused("Ed25519 with a number not reduced", (base) =>
          forge(base, { encode: (part, place) => (place === 2 ? unreduced(part) : part).toString("base64url") }),
        ),
      ),
    ],
  },
  {
    number: 11,
    title: "wrong RSA PKCS #1 v1.5 padding, made by the holder of the key",
    inputs: [
      padding("no NULL in the DigestInfo", (input, bytes) => block(bytes, digestInfo(input, false)), "accepted"),
      padding("block type 2", (input, bytes) => block(bytes, digestInfo(input), { type: 2 })),
      padding("filled with FE", (input, bytes) => block(bytes, digestInfo(input), { fill: 0xfe })),
      padding("bytes behind the hash", (input, bytes) => block(bytes, digestInfo(input), { tail: Buffer.alloc(100) })),
      padding("the hash without DigestInfo", (input, bytes) =>
        block(bytes, createHash("sha256").update(input).digest()),
      ),
      only(
        ["RS256", "PS256"],
        refused("a byte behind the signature", (base) => afterSignature(base, Buffer.alloc(1))),
      ),
    ],
  },
  {
    number: 12,
    title: "RSA-PSS with another salt or hash",
    inputs: [
      otherPss("no salt", "sha256", 0),
      otherPss("20 bytes of salt", "sha256", 20),
      otherPss("as much salt as fits", "sha256", 222),
      otherPss("SHA-512", "sha512", 64),
      otherPss("SHA-512 with 32 bytes of salt", "sha512", 32),
    ],
  },
];

function bentKid(base: Base): string {
  const bent = Buffer.from(base.key.kid);
  bent[3]! ^= 1;
  return forge(base).replace(/^[^.]*/, forge(base, { header: { kid: bent.toString() } }).split(".")[0]!);
}

/** The payload still is JSON, and says another number: the signature alone tells. */
function bentPayload(base: Base): string {
  const parts = forge(base).split(".");
  const exp = Number(base.claims.exp);
  const text = Buffer.from(parts[1]!, "base64url")
    .toString()
    .replace(String(exp), String(exp ^ 1));
  return parts.with(1, Buffer.from(text).toString("base64url")).join(".");
}

function afterSignature(base: Base, bytes: Buffer): string {
  return forge(base, {
    encode: (part, place) => (place === 2 ? Buffer.concat([part, bytes]) : part).toString("base64url"),
  });
}
