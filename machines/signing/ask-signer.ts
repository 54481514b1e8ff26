import { isUint8Array } from "node:util/types";
import { ALGORITHMS } from "../../constructs/keys/algorithms";
import { redact } from "../../constructs/keys/shown";
import { KeyError } from "../errors";
import type { Signer } from "./key-source";

/** A signer has this long. The 60 s of the assertion have begun when it is asked. */
const limitMs = 5000;

/**
 * Asks a signer for a signature. Checks that the answer is bytes, and that their number fits the algorithm. For RSA
 * that is 256 to 2048, since the key is not known here.
 *
 * Does not check: the signature itself, which needs the public key. The issuer refuses a wrong one
 * (`ERR_CLIENT_REFUSED`).
 *
 * @throws {KeyError} `ERR_SIGNER` if the signer fails, takes longer than 5 s, or gives an answer of another form
 * @see RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1
 */
export async function askSigner(signer: Signer, data: Uint8Array): Promise<Buffer> {
  const { kid, algorithm } = signer;
  let answer: unknown;
  try {
    answer = await withinLimit(async () => signer.sign(data));
  } catch (cause) {
    throw new KeyError("ERR_SIGNER", `the signer of key ${kid} failed: ${reasonOf(cause)}`, cause);
  }
  const [least, most] = ALGORITHMS[algorithm].signatureBytes;
  if (isUint8Array(answer) && answer.length >= least && answer.length <= most) {
    return Buffer.from(answer.buffer, answer.byteOffset, answer.byteLength);
  }
  throw new KeyError(
    "ERR_SIGNER",
    `the signer of key ${kid} must return a Uint8Array of ${least === most ? least : `${least} to ${most}`} bytes for ${algorithm}, got: ${inWords(answer)}`,
  );
}

/** A late answer is dropped, and so is a late failure. */
async function withinLimit(work: () => Promise<unknown>): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
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
  // DER begins with a SEQUENCE, whose length is the number of bytes that follow.
  const isDer = answer[0] === 0x30 && answer[1] === answer.length - 2;
  return `${answer.length} bytes${isDer ? " in DER; return r and s side by side instead" : ""}`;
}
