/** FIPS 186-5 section 5.4: above 2^16. Below, a fault of padding is enough to forge a signature. */
export const leastExponent = 65_537n;

/** Primes at which the moduli of the broken chips are powers of 65537. */
const marks = [
  3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113,
  127, 131, 137, 139, 149, 151, 157, 163, 167,
].map((prime) => ({ prime: BigInt(prime), powers: powersOf65537(prime) }));

/**
 * Whether an RSA modulus has the fingerprint of ROCA: chips of Infineon made primes of a form that can be factored.
 * Another key has it by chance once in 10^8 or less.
 *
 * @see CVE-2017-15361, "The Return of Coppersmith's Attack" section 2.2
 */
export function isOfBrokenChips(modulus: bigint): boolean {
  return marks.every(({ prime, powers }) => powers.has(Number(modulus % prime)));
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * (65_537 % prime)) % prime) powers.add(power);
  return powers;
}

const p = 2n ** 255n - 19n;
/** The y of the points whose order divides 8. The last is of order 8; its negative is one too. */
const ofOrder8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const lowOrder: readonly bigint[] = [0n, 1n, p - 1n, ofOrder8, p - ofOrder8];

/**
 * Whether an Ed25519 key is a point of low order, or written in a form that no key has. With such a key anybody can
 * make a signature that holds for many messages.
 *
 * @see RFC 8032 section 5.1.3
 */
export function isLowOrder(key: Uint8Array): boolean {
  const y = BigInt(`0x${Buffer.from(key).reverse().toString("hex")}`) & (2n ** 255n - 1n);
  return y >= p || lowOrder.includes(y);
}
