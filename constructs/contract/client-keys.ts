import type { ISigningKey } from "../signing-key-pair";

/**
 * The attributes that tell Keycloak a client's keys and what they sign with; nothing else passes.
 *
 * One RSA key is taken from the certificate; a key of another kind, or several, from a JWKS, which says a key's kind and
 * algorithm itself. The certificate of the active key stays beside it, though Keycloak does not read it then: by it the
 * state knows whose key a client has, and a client whose keys become one again has no attribute to lose. A key has the
 * same id in both forms, so that the change from one to the other costs no call. The switches are pinned, so that
 * another source of keys set by hand, which would win, shows in the plan.
 */
export function publishedKey(key: ISigningKey): Record<string, string> {
  const keys = key.acceptedKeys;
  const isOne = keys.length === 1 && key.publicJwk.kty === "RSA";
  // While keys of two kinds are accepted, each key says its own.
  const isOneKind = keys.every((one) => one.algorithm === key.algorithm);
  return {
    ...(isOneKind && { "token.endpoint.auth.signing.alg": key.algorithm }),
    "jwt.credential.certificate": key.certificateBase64,
    "use.jwks.url": "false",
    "use.jwks.string": String(!isOne),
    ...(!isOne && { "jwks.string": JSON.stringify({ keys: keys.map(({ publicJwk }) => publicJwk) }) }),
  };
}

/** Others than the active key that are named in words: with more the description would be too long for Keycloak. */
const MOST_NAMED = 6;

/** The keys in words, for a reviewer of the diff. Keycloak takes 255 characters. */
export function describedKeys({ acceptedKeys, algorithm, kid, notAfter }: ISigningKey): string {
  const others = acceptedKeys.filter((one) => one.kid !== kid).map((one) => `${one.state}: ${one.kid.slice(0, 8)}`);
  const until = notAfter.toISOString().slice(0, 10);
  const more = others.length > MOST_NAMED ? [`${others.length - MOST_NAMED} more`] : [];
  const named = others.slice(-MOST_NAMED);
  return [`signs with ${algorithm}, key ${kid}, certificate until ${until}`, ...named, ...more].join("; ");
}
