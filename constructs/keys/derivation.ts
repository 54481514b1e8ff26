/** The most rounds that a passphrase is put through: a second or two. OpenSSL does 2048 by default. */
const MOST_ROUNDS = 2_000_000;

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const OID = 0x06;
/** 1.3.6.1.4.1.11591.4.11, RFC 7914 section 7. */
const SCRYPT = "2b06010401da47040b";

/**
 * What is wrong with how an encrypted key is opened by its passphrase, in words: a program that opens it stands still for
 * so long. `undefined` if it is quick, and for the older form of PEM (RFC 1421), which has one round.
 *
 * Reads no more of the DER than the parameters (RFC 5958 section 3, RFC 8018 appendix A): no package that reads it is
 * among those of the machine library.
 */
export function slownessOf(pem: string): string | undefined {
  const blocks = pem.matchAll(/-----BEGIN ENCRYPTED PRIVATE KEY-----([\s\S]*?)-----END/g);
  const rounds = Math.max(0, ...[...blocks].map(([, body]) => roundsIn(Buffer.from(body!, "base64"))));
  if (rounds <= MOST_ROUNDS) return undefined;
  const many = Number.isFinite(rounds) ? `${rounds} rounds` : "an unknown number of rounds";
  return `an encrypted key whose passphrase goes through ${many}, and at most ${MOST_ROUNDS} are done; encrypt it again with fewer (openssl pkcs8 -topk8 -iter 600000)`;
}

/** PBKDF2 and the schemes before it have one number of rounds. scrypt has three factors. */
function roundsIn(der: Buffer): number {
  const algorithm = members(members(der)[0]?.content ?? NOTHING)[0];
  if (algorithm?.tag !== SEQUENCE) return Number.POSITIVE_INFINITY;
  const parts = flat(algorithm.content);
  const numbers = parts
    .filter(({ tag }) => tag === INTEGER)
    .map(({ content }) => Number(`0x0${content.toString("hex")}`));
  if (numbers.length === 0) return Number.POSITIVE_INFINITY;
  const isScrypt = parts.some(({ tag, content }) => tag === OID && content.toString("hex") === SCRYPT);
  return isScrypt ? numbers.slice(0, 3).reduce((product, factor) => product * factor) : Math.max(...numbers);
}

interface Part {
  readonly tag: number;
  readonly content: Buffer;
}

const NOTHING = Buffer.alloc(0);

function flat(der: Buffer): Part[] {
  return members(der).flatMap((part) => [part, ...(part.tag === SEQUENCE ? flat(part.content) : [])]);
}

/** What stands one after another in DER (X.690 section 8.1); nothing from the first part on that is none. */
function members(der: Buffer): Part[] {
  const parts: Part[] = [];
  for (let at = 0; at + 2 <= der.length; ) {
    const tag = der[at]!;
    const first = der[at + 1]!;
    const more = first < 0x80 ? 0 : first - 0x80;
    if (more > 4 || first === 0x80) break; // an indefinite length is BER
    const start = at + 2 + more;
    const length = more === 0 ? first : der.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
    if (start + length > der.length) break;
    parts.push({ tag, content: der.subarray(start, start + length) });
    at = start + length;
  }
  return parts;
}
