import { createPublicKey, type KeyObject } from "node:crypto";
import type { JWK } from "jose";
import { isLowOrder, isOfBrokenChips, leastExponent } from "./weak-keys";

/** What a key set holds: keys to verify with, and what is wrong with those that cannot be used, by key id. */
export interface VerificationKeys {
  readonly keys: readonly JWK[];
  readonly faults: ReadonlyMap<string, string>;
}

const leastBits = 2048;

/**
 * Sorts the entries of a key set. Entries that are no public signature keys are left out. So are doubled ones, and those
 * that cannot be used or would be weak. One odd entry does no harm to the rest.
 *
 * @see RFC 7517 section 5, RFC 7518 section 3.3, FIPS 186-5 section 5.4
 */
export function readVerificationKeys(entries: readonly unknown[]): VerificationKeys {
  const keys = new Map<string, JWK>();
  const faults = new Map<string, string>();
  for (const jwk of entries.filter(isForVerification)) {
    const fault = faultOf(jwk);
    const { kid } = jwk;
    if (fault === undefined) keys.set(JSON.stringify(members.map((name) => jwk[name])), jwk);
    else faults.set(typeof kid === "string" ? kid : "", fault);
  }
  // A good key of the same id takes the place of the broken one.
  for (const { kid = "" } of keys.values()) faults.delete(kid);
  return { keys: [...keys.values()], faults };
}

/** Says which entries are left out, for a log. */
export function describeFaults(faults: VerificationKeys["faults"]): string {
  const named = [...faults]
    .slice(0, 5)
    .map(([kid, fault]) => `${kid === "" ? "one without kid" : kid.slice(0, 100)}: ${fault}`);
  return [...named, ...(faults.size > 5 ? [`and ${faults.size - 5} more`] : [])].join("; ");
}

function isForVerification(jwk: unknown): jwk is JWK {
  if (typeof jwk !== "object" || jwk === null) return false;
  const { kty, use, key_ops } = jwk as JWK;
  const isPublic = (kty === "RSA" || kty === "EC" || kty === "OKP") && !("d" in jwk);
  const verifies = key_ops === undefined || (Array.isArray(key_ops) && key_ops.includes("verify"));
  return isPublic && (use === undefined || use === "sig") && verifies;
}

/** What tells one key from another. A value that is no text may be nested without end. */
const members = ["kid", "alg", "kty", "crv", "n", "e", "x", "y"] as const;

function faultOf(jwk: JWK): string | undefined {
  const odd = members.find((name) => jwk[name] !== undefined && typeof jwk[name] !== "string");
  if (odd !== undefined) return `its \`${odd}\` is not text`;
  let key: KeyObject;
  try {
    key = createPublicKey({ key: jwk as { [name: string]: unknown }, format: "jwk" });
  } catch {
    return "it is not a valid key";
  }
  return jwk.kty === "RSA" ? faultOfRsa(key, jwk) : faultOfCurve(jwk);
}

function faultOfRsa(key: KeyObject, { n = "" }: JWK): string | undefined {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < leastBits) return `RSA of ${modulusLength} bits, below ${leastBits}`;
  if (publicExponent < leastExponent || publicExponent % 2n === 0n) return `RSA with the exponent ${publicExponent}`;
  if (isOfBrokenChips(BigInt(`0x${Buffer.from(n, "base64url").toString("hex") || "0"}`))) {
    return "RSA of a chip whose keys can be factored (ROCA)";
  }
  return undefined;
}

function faultOfCurve({ crv, x = "" }: JWK): string | undefined {
  return crv === "Ed25519" && isLowOrder(Buffer.from(x, "base64url")) ? "Ed25519 of low order" : undefined;
}
