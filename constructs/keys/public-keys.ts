import { createPublicKey, type KeyObject } from "node:crypto";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "./algorithms";
import { keyId, publicJwk } from "./certificate";
import { KeyError } from "./errors";
import { fittingAlgorithm } from "./key-fit";
import { otherForm } from "./other-forms";
import { shown } from "./shown";

/** A public key as Keycloak is told it. */
export interface PublicKeyFacts {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly publicJwk: Readonly<Record<string, string>>;
}

/** More keys than anybody rotates at once are a list of something else. */
const MOST = 20;

/**
 * Reads public keys: one in PEM (RFC 7468 section 13), one as a JWK, or some as a JWK set (RFC 7517), as a key management
 * service gives them. `where` names the text in errors.
 *
 * A JWK keeps its `kid`, which the machine sends. A key without one gets the id that Keycloak computes.
 *
 * @throws {KeyError} `PUBLIC_KEY_CORRUPT`, or what is wrong with a key
 */
export function readPublicKeys(text: string, where: string, asked?: SigningAlgorithm): PublicKeyFacts[] {
  const keys = text.trimStart().startsWith("{") ? jwksIn(text, where) : [{ key: parsed(text, where) }];
  if (keys.length === 0) throw corrupt(where, "no key that signs");
  if (keys.length > MOST) throw corrupt(where, `${keys.length} keys`);
  const facts = keys.map((one) => factsOf(one, where, asked));
  if (new Set(facts.map(({ kid }) => kid)).size < facts.length) throw corrupt(where, "one `kid` twice");
  return facts;
}

interface Found {
  readonly key: KeyObject;
  readonly kid?: string;
  readonly alg?: string;
}

function factsOf({ key, kid = keyId(key), alg }: Found, where: string, asked?: SigningAlgorithm): PublicKeyFacts {
  const own = SIGNING_ALGORITHMS.find((name) => name === alg);
  if (alg !== undefined && own === undefined) throw corrupt(where, `a key for ${shown(alg)}`);
  const place = { file: where, verb: "hold", replace: "give another key" } as const;
  const algorithm = fittingAlgorithm(key, place, asked ?? own);
  if (own !== undefined && own !== algorithm) throw corrupt(where, `a key that is for ${own} alone`);
  return { kid, algorithm, publicJwk: publicJwk(key, algorithm, kid) };
}

function jwksIn(text: string, where: string): Found[] {
  let value: { keys?: unknown };
  try {
    value = JSON.parse(text);
  } catch {
    throw corrupt(where, "JSON that cannot be parsed");
  }
  const entries = Array.isArray(value.keys) ? value.keys : [value];
  return entries.filter(signs).map((jwk) => {
    if ("d" in jwk || "k" in jwk) throw corrupt(where, "a private or shared key; take the public half alone");
    const { kid, alg } = jwk;
    if (kid !== undefined && !(typeof kid === "string" && /^[\x21-\x7e]{1,255}$/.test(kid))) {
      throw corrupt(where, "a `kid` that is not 1 to 255 visible ASCII characters");
    }
    return { key: parsed({ key: jwk, format: "jwk" }, where), kid, alg: alg === undefined ? undefined : String(alg) };
  });
}

type Jwk = { readonly kid?: unknown; readonly alg?: unknown; readonly [member: string]: unknown };

/** A set may hold keys to encrypt with, too. */
function signs(jwk: unknown): jwk is Jwk & { kid?: string } {
  return typeof jwk === "object" && jwk !== null && ((jwk as Jwk).use ?? "sig") === "sig";
}

function parsed(key: Parameters<typeof createPublicKey>[0], where: string): KeyObject {
  if (typeof key === "string" && !/-----BEGIN (RSA )?PUBLIC KEY-----/.test(key)) throw corrupt(where, kindOf(key));
  try {
    return createPublicKey(key);
  } catch {
    throw corrupt(where, "one that cannot be parsed"); // the cause may quote the input
  }
}

/** What a text without a public key is, and what makes one of it. */
function kindOf(text: string): string {
  if (text.includes("PRIVATE KEY-----")) return "a private key; give its public half: openssl pkey -in FILE -pubout";
  if (text.includes("-----BEGIN CERTIFICATE-----")) return "a certificate, which `fromCertificateFile` takes";
  const fromDer = "openssl pkey -pubin -inform DER -in FILE -out FILE.pem";
  return otherForm(Buffer.from(text)) ?? `something else; if it is DER, convert it: ${fromDer}`;
}

function corrupt(where: string, got: string): KeyError {
  return new KeyError(
    "PUBLIC_KEY_CORRUPT",
    `${where} must hold a public key in PEM, a JWK or a JWK set (RFC 7517), got: ${got}`,
  );
}
