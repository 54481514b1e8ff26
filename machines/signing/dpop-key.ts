import { createPrivateKey, createPublicKey, type KeyObject, randomBytes } from "node:crypto";
import { generateKey } from "../../constructs/keys/generate";
import { PROOF_TYPE, proofTarget, tokenHash } from "../dpop";
import { OptionError } from "../errors";
import { checkKeySource } from "./key-source";
import type { SigningKey } from "./parse-signing-key";
import { signCompact } from "./sign-assertion";

/** A request that a proof is for. */
export interface ProofRequest {
  /** As it is sent: standard methods in upper case. */
  readonly method: string;
  /** The address. Query and fragment do not count. */
  readonly url: string;
  /** The access token that is sent with it. @default - none, as in a request for a token */
  readonly accessToken?: string;
}

/** A key that access tokens are bound to: nobody else can use them. */
export interface DpopKey {
  /** The key's thumbprint (RFC 7638), which a bound token has as `cnf.jkt`. */
  readonly thumbprint: string;
  /**
   * Signs a proof, for the header `DPoP` of one request. A proof is good for one request within a minute.
   *
   * @throws {OptionError} `ERR_OPTION` for something else than a method and an address
   */
  proof(request: ProofRequest): string;
  /**
   * Remembers the nonce of an answer (`DPoP-Nonce`). Later proofs for the same origin have it.
   *
   * @returns whether the answer has one, so that a request that was refused for it can be sent again
   */
  remember(url: string, answer: { readonly headers: Pick<Headers, "get"> }): boolean;
}

/** Origins whose nonce is remembered. */
const mostNonces = 100;

/**
 * Makes a key for DPoP. Without an argument it makes a key for ES256, which is in memory only and so cannot be stolen from
 * a disk. Give it to {@link requestToken}; {@link createTokenClient} and {@link openMachine} make one by `dpop: true`.
 *
 * Does not check: that the issuer supports DPoP. Keycloak does from 26.4 on.
 *
 * @param key a key of your own, whose thumbprint stays the same after a restart
 * @param now the clock of `iat` @default - the system clock
 *
 * @example
 * ```ts
 * import { createDpopKey, openIssuer, requestToken, watchSigningKey } from "cdktf-keycloak-m2m/machine";
 *
 * const dpop = createDpopKey();
 * const issuer = openIssuer({ issuer: "https://sso.example.org/realms/example" });
 * const signingKey = watchSigningKey("certs/machine-a-signing.key");
 * const { accessToken } = await requestToken(issuer, { clientId: "machine-a", signingKey, dpop });
 * const url = "https://api.example.org/orders";
 * const headers = { authorization: `DPoP ${accessToken}`, dpop: dpop.proof({ method: "GET", url, accessToken }) };
 * await fetch(url, { headers });
 * ```
 *
 * @throws {OptionError} `ERR_OPTION` for a key without a usable algorithm and private half
 * @see RFC 9449 sections 4.2 and 8
 */
export function createDpopKey(key: SigningKey = newKey(), now: () => Date = () => new Date()): DpopKey {
  checkKeySource(key);
  if (typeof key === "function" || !("privateKey" in key)) {
    throw new OptionError(
      "`dpop` must be a key in this process, such as loadSigningKey gives; a signer shows no public key",
    );
  }
  const { privateKey, algorithm } = key;
  const jwk = publicHalf(privateKey);
  const nonces = new Map<string, string>();
  return {
    thumbprint: tokenHash(JSON.stringify(jwk)),
    proof({ method, url, accessToken }) {
      const htu = proofTarget(url);
      if (htu === undefined) throw new OptionError("`url` must be an address");
      if (typeof method !== "string" || !/^[\w!#$%&'*+.^`|~-]+$/.test(method)) {
        throw new OptionError("`method` must be a method of HTTP");
      }
      const nonce = nonces.get(new URL(url).origin);
      const claims = {
        jti: randomBytes(16).toString("base64url"),
        htm: method,
        htu,
        iat: Math.floor(now().getTime() / 1000),
        ...(accessToken !== undefined && { ath: tokenHash(accessToken) }),
        ...(nonce !== undefined && { nonce }),
      };
      return signCompact({ typ: PROOF_TYPE, alg: algorithm, jwk }, claims, { privateKey, algorithm });
    },
    remember(url, { headers }) {
      const nonce = headers.get("dpop-nonce");
      // The characters of RFC 9449 section 8.1. A longer one would only make requests longer.
      if (nonce === null || !/^[\x21\x23-\x5b\x5d-\x7e]{1,1000}$/.test(nonce)) return false;
      const { origin } = new URL(url);
      nonces.delete(origin);
      if (nonces.size >= mostNonces) nonces.delete(nonces.keys().next().value!);
      nonces.set(origin, nonce);
      return true;
    },
  };
}

function newKey(): SigningKey {
  return { privateKey: generateKey({ type: "ec", namedCurve: "prime256v1" }), kid: "dpop", algorithm: "ES256" };
}

/** The members that a thumbprint counts, in its order. RFC 7638 section 3.2, RFC 8037 section 2 */
function publicHalf(privateKey: KeyObject): Record<string, string> {
  // Node.js 20 may hang if a key that was just made is exported as a JWK: it is read again first.
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  const jwk = createPublicKey(createPrivateKey({ key: der, type: "pkcs8", format: "der" })).export({ format: "jwk" });
  const names = ["crv", "e", "kty", "n", "x", "y"] as const;
  return Object.fromEntries(names.flatMap((name) => (jwk[name] === undefined ? [] : [[name, jwk[name]]])));
}
