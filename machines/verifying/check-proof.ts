import { createPublicKey, type JsonWebKey, type KeyObject, verify } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import { ALGORITHMS, algorithmsOf, SIGNING_ALGORITHMS, type SigningAlgorithm } from "../../constructs/keys/algorithms";
import { PROOF_SECONDS, PROOF_TYPE, proofTarget, tokenHash } from "../dpop";
import { MachineError, TokenError } from "../errors";
import { type ParsedToken, parseToken } from "./parse-token";
import { UsedProofs } from "./used-proofs";
import { readVerificationKeys } from "./verification-keys";

/** A request that came with a bound token. */
export interface BoundRequest {
  readonly method: string;
  /** The whole address, as callers use it. */
  readonly url: string;
  /** The header `DPoP`. */
  readonly dpop: string | null | undefined;
  readonly accessToken: string;
  /** `cnf.jkt` of the verified token. */
  readonly thumbprint: string;
}

/** A public key of a caller, how it was written, and the last token that it was used with. */
interface KnownKey {
  readonly key: KeyObject;
  readonly text?: string;
  token?: string;
  tokenHash?: string;
}

/** Algorithms of proofs, as a challenge names them. */
export const PROOF_ALGORITHMS: readonly string[] = SIGNING_ALGORITHMS;

/** Seconds that a caller's clock may be ahead. */
const aheadSeconds = 15;
/** Proofs that are remembered: some 20 MB. */
const mostProofs = 100_000;
/** Public keys of callers that are kept ready. */
const mostKeys = 1000;

/**
 * Makes a function that checks DPoP proofs, and accepts each of them once.
 *
 * @param onReplay is told of a proof that came before
 * @throws {TokenError} `ERR_TOKEN_PROOF`, by the function
 * @see RFC 9449 section 4.3
 */
export function createProofCheck(now: () => Date, onReplay?: () => void): (request: BoundRequest) => Promise<void> {
  const used = new UsedProofs(mostProofs, PROOF_SECONDS + aheadSeconds);
  const keys = new Map<string, KnownKey>();

  /** The key of a proof, if it is the one of a thumbprint. Of a key that is written as before, nothing is computed again. */
  const keyOf = async (jwk: JWK, thumbprint: string): Promise<KnownKey> => {
    const text = textOf(jwk);
    const known = keys.get(thumbprint);
    if (known && text !== undefined && known.text === text) return known;
    if ((await thumbprintOf(jwk)) !== thumbprint) throw refused("must be signed by the key that the token is bound to");
    const [usable] = readVerificationKeys([jwk]).keys;
    if (!usable) throw refused("must have a strong public key");
    const key = createPublicKey({ key: usable as JsonWebKey, format: "jwk" });
    if (keys.size >= mostKeys) keys.delete(keys.keys().next().value!);
    const added = { key, text };
    keys.set(thumbprint, added);
    return added;
  };

  return async ({ method, url, dpop, accessToken, thumbprint }) => {
    const seconds = now().getTime() / 1000;
    const { header, payload } = parsed(dpop);
    const { iat, jti } = payload;
    if (header.typ !== PROOF_TYPE) throw refused(`must have the type "${PROOF_TYPE}"`);
    if (typeof header.alg !== "string" || !PROOF_ALGORITHMS.includes(header.alg)) {
      throw refused("must be signed by an asymmetric algorithm");
    }
    const known = await keyOf(publicKeyIn(header), thumbprint);
    if (payload.htm !== method) throw refused("must be for the method of the request");
    if (!isFor(payload.htu, url)) throw refused("must be for the address of the request");
    if (payload.ath !== hashOf(accessToken, known)) throw refused("must be for the access token of the request");
    if (typeof jti !== "string" || jti === "" || jti.length > 512) throw refused("must have an id of its own");
    if (typeof iat !== "number" || !(iat <= seconds + aheadSeconds && iat > seconds - PROOF_SECONDS)) {
      throw refused("must be new: made within the last minute, by a clock that is right");
    }
    verifySignature(dpop!, known.key, header.alg as SigningAlgorithm);
    if (used.take(nameOf(thumbprint, jti), iat, seconds)) return;
    onReplay?.();
    throw refused("must not be used twice");
  };
}

/** RFC 7518 section 6 */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Also refuses several headers, which come joined by commas. */
function parsed(dpop: string | null | undefined): ParsedToken {
  if (!dpop) throw refused("is missing: send one in the header `DPoP`");
  try {
    return parseToken(dpop);
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    throw refused("must be one signed JWT in compact form");
  }
}

function publicKeyIn({ jwk }: ParsedToken["header"]): JWK {
  const isObject = typeof jwk === "object" && jwk !== null && !Array.isArray(jwk);
  if (!isObject || privateMembers.some((name) => name in jwk))
    throw refused("must have its public key in the header, and no private one");
  return jwk as JWK;
}

async function thumbprintOf(jwk: JWK): Promise<string | undefined> {
  return await calculateJwkThumbprint(jwk).catch(() => undefined);
}

/** An address that cannot be read is for no request. */
function isFor(htu: unknown, url: string): boolean {
  const target = proofTarget(url);
  if (target === undefined || typeof htu !== "string") return false;
  return htu === target || proofTarget(htu) === target;
}

/** A caller uses one token for many requests. */
function hashOf(accessToken: string, known: KnownKey): string {
  if (known.token !== accessToken || known.tokenHash === undefined) {
    known.token = accessToken;
    known.tokenHash = tokenHash(accessToken);
  }
  return known.tokenHash;
}

/** A proof's name in the memory, which a long id must not fill. */
function nameOf(thumbprint: string, jti: string): string {
  const name = `${thumbprint} ${jti}`;
  return jti.length <= 64 ? name : tokenHash(name);
}

/** A key in its one line, to see whether it was met before. `undefined` for one that is written in a strange way. */
function textOf(jwk: JWK): string | undefined {
  const members = Object.entries(jwk);
  return members.every(([, value]) => typeof value === "string") ? JSON.stringify(members) : undefined;
}

/**
 * By `node:crypto`, which takes a quarter of the time that WebCrypto takes for a single signature. The form of the proof has
 * been checked: base64url, and no extensions (`crit`).
 */
function verifySignature(proof: string, key: KeyObject, algorithm: SigningAlgorithm): void {
  const { digest, options, signatureBytes } = ALGORITHMS[algorithm];
  const at = proof.lastIndexOf(".");
  const signature = Buffer.from(proof.slice(at + 1), "base64url");
  const isFit = algorithmsOf(key).includes(algorithm) && isBetween(signature.length, signatureBytes);
  if (isFit && verify(digest, Buffer.from(proof.slice(0, at)), { key, ...options }, signature)) return;
  throw refused("must be signed by the key in its header");
}

function isBetween(length: number, [least, most]: readonly [number, number]): boolean {
  return length >= least && length <= most;
}

function refused(rule: string): TokenError {
  return new TokenError("ERR_TOKEN_PROOF", `the DPoP proof ${rule}`);
}
