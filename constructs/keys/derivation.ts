import { INTEGER, members, OID, type Part, SEQUENCE } from "./der";

/** The most rounds that a passphrase is put through: a second or two. OpenSSL does 2048 by default. */
const MOST_ROUNDS = 2_000_000;

/** RFC 7468 section 11. */
const LABEL = "ENCRYPTED PRIVATE KEY";

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
  const blocks = pem.matchAll(new RegExp(`-----BEGIN ${LABEL}-----([^-]*)-----END`, "g"));
  const rounds = Math.max(0, ...[...blocks].map(([, body]) => roundsIn(Buffer.from(body!, "base64"))));
  if (rounds <= MOST_ROUNDS) return undefined;
  const many = Number.isFinite(rounds) ? `${rounds} rounds` : "an unknown number of rounds";
  return `an encrypted key whose passphrase goes through ${many}, and at most ${MOST_ROUNDS} are done; encrypt it again with fewer (openssl pkcs8 -topk8 -iter 600000)`;
}

/** PBKDF2 and the schemes before it have one number of rounds. scrypt has three factors. */
function roundsIn(der: Buffer): number {
  const algorithm = members(members(der)[0]?.content ?? Buffer.alloc(0))[0];
  if (algorithm?.tag !== SEQUENCE) return Number.POSITIVE_INFINITY;
  const parts = flat(algorithm.content);
  const numbers = parts
    .filter(({ tag }) => tag === INTEGER)
    .map(({ content }) => Number(`0x0${content.toString("hex")}`));
  if (numbers.length === 0) return Number.POSITIVE_INFINITY;
  const isScrypt = parts.some(({ tag, content }) => tag === OID && content.toString("hex") === SCRYPT);
  return isScrypt ? numbers.slice(0, 3).reduce((product, factor) => product * factor) : Math.max(...numbers);
}

function flat(der: Buffer): Part[] {
  return members(der).flatMap((part) => [part, ...(part.tag === SEQUENCE ? flat(part.content) : [])]);
}
