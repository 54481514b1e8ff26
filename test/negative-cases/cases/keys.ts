// Which key a token names, and what a list of keys may hold.
import { randomBytes } from "node:crypto";
import { type Case, type Input, jwk, keyList, SAYS, type Verdict } from "../case";
import { type Base, forge, fresh, hmac } from "../forge";

const named = (
  sent: string,
  kid: (base: Base) => unknown,
  verifier: Verdict = "ERR_TOKEN_SIGNATURE",
  keycloak = SAYS.key,
): Input => ({ sent, token: (base) => forge(base, { header: { kid: kid(base) } }), verifier, keycloak });

/** The same list of keys at both: published by the verifier's issuer, and put down in a client of Keycloak's. */
const listed = (
  sent: string,
  keys: (base: Base) => object[],
  token: (base: Base) => string,
  verifier: Verdict,
  keycloak: string,
): Input => ({
  sent,
  token,
  before: (target, base) => target.publish(keys(base)),
  verifier,
  ask: async (target) => {
    const client = await target.client();
    await target.change(client, keyList(keys(client)));
    return target.ask(client, token(client));
  },
  keycloak,
});

const bySecond = (base: Base) => forge({ ...base, key: base.other });
const withoutKid = (base: Base, key = base.key) => forge({ ...base, key }, { header: { kid: undefined } });
const secret = { kty: "oct", k: randomBytes(32).toString("base64url"), alg: "HS256", use: "sig", kid: "symmetric" };

export const keyCases: Case[] = [
  {
    number: 45,
    title: "an unknown `kid`",
    inputs: [
      named("a name nobody knows", () => "unknown"),
      named("empty", () => ""),
      named("a number", () => 1, "ERR_TOKEN_MALFORMED"),
      named("the right one in capitals", (base) => base.key.kid.toUpperCase()),
    ],
  },
  {
    number: 46,
    title: "the `kid` of somebody else's key",
    inputs: [named("the other key's", (base) => base.other.kid)],
  },
  {
    number: 47,
    title: "a malicious `kid`",
    inputs: [
      named("a path", () => "../../../../dev/null"),
      named("SQL", () => "x' UNION SELECT 'key';--"),
      named("a template", () => "$" + "{jndi:ldap://127.0.0.1/x}"),
      named("a zero byte", () => "a\0b"),
      named("`__proto__`", () => "__proto__"),
      named("an object", () => ({ toString: "x" }), "ERR_TOKEN_MALFORMED", SAYS.unreadable),
      named("1 MB", () => "k".repeat(1_000_000), "ERR_TOKEN_MALFORMED", SAYS.tooLarge),
    ],
  },
  {
    number: 48,
    title: "no `kid`, with two keys to choose from",
    inputs: [
      listed("signed by the first", twoKeys, (base) => withoutKid(base), "ERR_TOKEN_SIGNATURE", "accepted"),
      listed(
        "signed by the second",
        twoKeys,
        (base) => withoutKid(base, base.other),
        "ERR_TOKEN_SIGNATURE",
        SAYS.signature,
      ),
    ],
  },
  {
    number: 49,
    title: "a key that was removed",
    inputs: [
      {
        sent: "known once, and gone from the list",
        token: (base) => forge(base, { claims: { exp: 4_000_000_000 } }),
        before: async (target, base, token) => {
          await target.accepts(token);
          target.publish([jwk(base.other)]);
          target.wait(11); // the list is kept for ten minutes
        },
        verifier: "ERR_TOKEN_SIGNATURE",
        ask: async (target) => {
          const client = await target.client();
          await target.tokenFor(forge(client));
          await target.change(client, keyList([jwk(client.other)]));
          return target.ask(client, forge(fresh(client)));
        },
        keycloak: SAYS.key,
      },
    ],
  },
  {
    number: 50,
    title: "a list with keys for other purposes",
    inputs: [
      listed("a good token beside all of these", mixed, (base) => forge(base), "accepted", "accepted"),
      listed("HS256 with the symmetric key in the list", mixed, symmetric, "ERR_TOKEN_ALGORITHM", SAYS.algorithm),
      listed(
        "signed by a key for encryption",
        (base) => [jwk(base.key), jwk(base.other, { use: "enc" })],
        bySecond,
        "ERR_TOKEN_SIGNATURE",
        SAYS.key,
      ),
      listed(
        "signed by a key whose `key_ops` do not verify",
        (base) => [jwk(base.key), jwk(base.other, { use: undefined, key_ops: ["encrypt"] })],
        bySecond,
        "ERR_TOKEN_SIGNATURE",
        SAYS.key,
      ),
      listed(
        "signed by a key whose `use` is to sign, `key_ops` to encrypt",
        (base) => [jwk(base.key), jwk(base.other, { key_ops: ["encrypt"] })],
        bySecond,
        "ERR_TOKEN_SIGNATURE",
        "accepted",
      ),
      listed(
        "two keys of one `kid`, signed by a third",
        (base) => [jwk(base.other, { kid: "twin" }), jwk(base.foreign, { kid: "twin" }), jwk(base.key)],
        (base) => forge(base),
        "accepted",
        "accepted",
      ),
      listed(
        "a key of the same `kid` for another algorithm before",
        (base) => [{ ...secret, kid: base.key.kid }, jwk(base.key)],
        (base) => forge(base),
        "accepted",
        "accepted",
      ),
    ],
  },
  {
    number: 51,
    title: "an assertion with another client's TLS certificate",
    notFor: {
      verifier:
        "this environment speaks http. Over mutual TLS the guard answers 401 `ERR_TOKEN_PROOF`: `test/e2e/secure.test.ts`",
      keycloak:
        "this environment speaks http. Over mutual TLS Keycloak grants a token, and binds it to the other certificate: `test/e2e/secure.test.ts`",
    },
    inputs: [],
  },
];

function twoKeys(base: Base): object[] {
  return [jwk(base.key), jwk(base.other)];
}

function mixed(base: Base): object[] {
  return [secret, jwk(base.foreign, { use: "enc" }), { kty: "odd", kid: "odd" }, jwk(base.other), jwk(base.key)];
}

function symmetric(base: Base): string {
  const k = Buffer.from(secret.k, "base64url");
  return forge(base, { header: { alg: "HS256", kid: secret.kid }, sign: hmac(k) });
}
