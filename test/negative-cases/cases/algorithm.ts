// The algorithm: what the header says about it, and keys used for another one than theirs.

import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import type { Algorithm } from "../../machines/issuer-fixture";
import { ALGORITHMS } from "../../machines/issuer-fixture";
import { type Case, type Input, SAYS } from "../case";
import { type Base, forge, hmac, publicPem, signer } from "../forge";

/** An HS256 token with a secret everybody knows. */
function symmetric(base: Base, secret: string | Buffer, header: object = {}): string {
  return forge(base, { header: { alg: "HS256", ...header }, sign: hmac(secret) });
}

/** Another algorithm, and a key that is really for it. */
const elsewhere: Record<Algorithm, Algorithm> = { RS256: "ES256", PS256: "EdDSA", ES256: "RS256", EdDSA: "PS256" };
const pairs = {
  RS256: rsaPair(),
  PS256: rsaPair(),
  ES256: ecPair(),
  EdDSA: ed25519Pair(),
};

const unsigned = (alg: string, keycloak: string): Input => ({
  sent: `\`${alg}\`, with no signature`,
  token: (base) => forge(base, { header: { alg }, sign: () => Buffer.alloc(0) }),
  verifier: "ERR_TOKEN_ALGORITHM",
  keycloak,
});

const prefixed = (name: string, prefix: string): Input => ({
  sent: name,
  token: (base) => symmetric(base, prefix + publicPem(base.key)),
  verifier: "ERR_TOKEN_ALGORITHM",
  keycloak: SAYS.algorithm,
});

export const algorithmCases: Case[] = [
  {
    number: 1,
    title: "the algorithm none",
    inputs: [
      unsigned("none", SAYS.algorithm),
      unsigned("None", SAYS.unreadable),
      unsigned("NoNe", SAYS.unreadable),
      {
        sent: "`none`, with the signature of the key",
        token: (base) => forge(base, { header: { alg: "none" } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
    ],
  },
  {
    number: 2,
    title: "no algorithm",
    inputs: [
      {
        sent: "no `alg`",
        token: (base) => forge(base, { header: { alg: undefined } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "a number",
        token: (base) => forge(base, { header: { alg: 256 } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.unreadable,
      },
      {
        sent: "an empty text",
        token: (base) => forge(base, { header: { alg: "" } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.unreadable,
      },
    ],
  },
  {
    number: 3,
    title: "HS256 with the public key as secret",
    inputs: [
      {
        sent: "PEM",
        token: (base) => symmetric(base, publicPem(base.key)),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "PEM without the last line break",
        token: (base) => symmetric(base, publicPem(base.key).trimEnd()),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "DER",
        token: (base) => symmetric(base, base.key.publicKey.export({ type: "spki", format: "der" })),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
    ],
  },
  {
    number: 4,
    title: "HS256 with the public key as secret, with text before the PEM",
    inputs: [
      prefixed("a blank", " "),
      prefixed("a line break", "\n"),
      prefixed("a zero-width space", "\u200b"),
      prefixed("a byte order mark", "\ufeff"),
      prefixed("a comment", "# key\n"),
    ],
  },
  {
    number: 5,
    title: "HS256 with an empty secret",
    inputs: [
      {
        sent: "the key's `kid`",
        token: (base) => symmetric(base, ""),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "an unknown `kid`",
        token: (base) => symmetric(base, "", { kid: "unknown" }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "no `kid`",
        token: (base) => symmetric(base, "", { kid: undefined }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
    ],
  },
  {
    number: 6,
    title: "another algorithm than the agreed one",
    inputs: [
      {
        sent: "signed in earnest with a key for another algorithm",
        token: (base) => {
          const alg = elsewhere[base.algorithm];
          return forge(base, { header: { alg }, sign: signer(alg, pairs[alg]) });
        },
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "the same key with SHA-512",
        algorithms: ["RS256"],
        token: (base) => forge(base, { header: { alg: "RS512" } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "an algorithm that does not exist",
        token: (base) => forge(base, { header: { alg: "XS256" } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.unreadable,
      },
      {
        sent: "the name in lower case",
        token: (base) => forge(base, { header: { alg: base.algorithm.toLowerCase() } }),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.unreadable,
      },
    ],
  },
  {
    number: 7,
    title: "an RSA key with the other padding",
    inputs: [
      {
        sent: "the header says so too",
        algorithms: ["RS256", "PS256"],
        token: (base) => otherPadding(base, true),
        verifier: "ERR_TOKEN_ALGORITHM",
        keycloak: SAYS.algorithm,
      },
      {
        sent: "the header says so too, and the verifier takes both",
        algorithms: ["RS256", "PS256"],
        token: (base) => otherPadding(base, true),
        options: { algorithms: [...ALGORITHMS] },
        verifier: "ERR_TOKEN_SIGNATURE",
      },
      {
        sent: "the header names the right one",
        algorithms: ["RS256", "PS256"],
        token: (base) => otherPadding(base, false),
        verifier: "ERR_TOKEN_SIGNATURE",
        keycloak: SAYS.signature,
      },
    ],
  },
];

function otherPadding(base: Base, said: boolean): string {
  const other = base.algorithm === "RS256" ? "PS256" : "RS256";
  return forge(base, { header: said ? { alg: other } : {}, sign: signer(other, base.key) });
}
