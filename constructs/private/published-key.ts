import type { ISigningKey } from "../signing-key-pair";

/**
 * The attributes that tell Keycloak a client's key and what it signs with; nothing else passes.
 *
 * RSA keys are taken from the certificate, others from a JWKS, which says a key's kind and algorithm itself. The
 * certificate stays beside it, though Keycloak does not read it then: by it the state knows whose key a client has, and
 * a client whose key becomes one of another kind has no attribute to lose. The switches are pinned, so that another
 * source of keys set by hand, which would win, shows in the plan.
 */
export function publishedKey(key: ISigningKey): Record<string, string> {
  const attributes = {
    "token.endpoint.auth.signing.alg": key.algorithm,
    "jwt.credential.certificate": key.certificateBase64,
    "use.jwks.url": "false",
  };
  if (key.publicJwk.kty === "RSA") return { ...attributes, "use.jwks.string": "false" };
  return { ...attributes, "use.jwks.string": "true", "jwks.string": JSON.stringify({ keys: [key.publicJwk] }) };
}
