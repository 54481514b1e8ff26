import { isUint8Array } from "node:util/types";
import { ALGORITHMS } from "../../constructs/keys/algorithms";
import { KeyError, redact } from "../errors";
import type { Signer } from "./key-source";

/** What a signer may take. An assertion is good for 60 s from before the question on. */
const limitMs = 5000;

/**
 * A signer's signature. Its form is checked: bytes, as many as the algorithm has (RSA: 256 to 2048, whose key is not
 * known here).
 *
 * Does not check: the signature itself, as a signer need not have the public half at hand. A wrong one is refused by the
 * issuer (`ERR_CLIENT_REFUSED`).
 *
 * @throws {KeyError} `ERR_SIGNER` if the signer fails, gives nothing within 5 s or something of another form
 * @see RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1
 */
export async function askSigner(signer: Signer, data: Uint8Array): Promise<Buffer> {
  const { kid, algorithm } = signer;
  let answer: unknown;
  try {
    answer = await withinLimit(async () => signer.sign(data));
  } catch (cause) {
    throw new KeyError("ERR_SIGNER", `the signer of key ${kid} has failed: ${reasonOf(cause)}`, cause);
  }
  const [least, most] = ALGORITHMS[algorithm].signatureBytes;
  if (isUint8Array(answer) && answer.length >= least && answer.length <= most) {
    return Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  }
  throw new KeyError(
    "ERR_SIGNER",
    `the signer of key ${kid} must give a Uint8Array of ${least === most ? least : `${least} to ${most}`} bytes for ${algorithm}, got: ${inWords(answer)}`,
  );
}

/** What comes later is dropped, a failure too. */
async function withinLimit(work: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? redact(String(cause.message)).replace(/\s+/g, " ").slice(0, 200) : "unknown";
}

function inWords(answer: unknown): string {
  if (!isUint8Array(answer)) return answer instanceof ArrayBuffer ? "an ArrayBuffer" : "no bytes";
  // A SEQUENCE whose length is that of the rest
  const isDer = answer[0] === 0x30 && answer[1] === answer.length - 2;
  return `${answer.length} bytes${isDer ? " of DER, which holds r and s; give these alone" : ""}`;
}
