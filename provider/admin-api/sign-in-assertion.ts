import { createHash, createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { SignJWT } from "jose";
import { shown } from "../../constructs/keys/shown";
import { DiagnosticError, problem } from "../protocol/diagnostics";

/** Signature algorithms that a client of Keycloak may sign with, by kind of key. */
const ALGORITHMS: { [kind: string]: RegExp } = {
  rsa: /^(RS|PS)(256|384|512)$/,
  ec: /^ES(256|384|512)$/,
  ed25519: /^EdDSA$/,
};

export interface SignInAssertion {
  clientId: string;
  /** The assertion's audience, as discovery names it. */
  issuer: string;
  signingKey: string;
  signingAlgorithm: string;
  /** Whether to name the key. A client with several keys needs it. */
  withKid: boolean;
}

/**
 * The assertion with which the provider itself signs in (RFC 7523). It is good for 60 seconds and one login. Its `kid` is
 * the one that Keycloak computes for a certificate, base64url(SHA-256(SubjectPublicKeyInfo)): a client may have several
 * keys.
 */
export async function signAssertion(signIn: SignInAssertion): Promise<string> {
  const { clientId, issuer, signingAlgorithm, withKid } = signIn;
  const key = parse(signIn.signingKey);
  const kind = key.asymmetricKeyType ?? "none";
  if (!ALGORITHMS[kind]?.test(signingAlgorithm)) {
    const summary = `jwt_signing_alg must fit the key in jwt_signing_key, got: ${shown(signingAlgorithm)} for a key of kind ${kind}`;
    const remedy = "RS256 to PS512 for RSA, ES256 to ES512 for EC keys, EdDSA for Ed25519.";
    throw new DiagnosticError(problem(summary, remedy, ["jwt_signing_alg"]));
  }
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = { iss: clientId, sub: clientId, aud: issuer, iat: issuedAt, exp: issuedAt + 60 };
  // Begins with the key id, as the machines' does: Keycloak's login events keep the jti but not the kid.
  const jti = `${keyId(key).slice(0, 8)}.${randomBytes(16).toString("base64url")}`;
  return new SignJWT({ ...claims, jti })
    .setProtectedHeader({ alg: signingAlgorithm, typ: "JWT", ...(withKid && { kid: keyId(key) }) })
    .sign(key);
}

function keyId(key: KeyObject): string {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return createHash("sha256").update(spki).digest("base64url");
}

function parse(pem: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause: OpenSSL's text may quote the input.
    const summary = `jwt_signing_key must be a private key in unencrypted PEM, got: ${pem.length} characters that cannot be parsed`;
    throw new DiagnosticError(problem(summary, "Set it to the content of the key file.", ["jwt_signing_key"]));
  }
}
