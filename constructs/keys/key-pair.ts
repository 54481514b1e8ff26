import type { KeyObject } from "node:crypto";
import { relative } from "node:path";
import {
  isRsa,
  kindFor,
  MAXIMUM_RSA_BITS,
  MINIMUM_RSA_BITS,
  SIGNING_ALGORITHMS,
  type SigningAlgorithm,
} from "./algorithms";
import { type CertificateFacts, keyId, readCertificate } from "./certificate";
import { KeyError } from "./errors";
import { createFile, readRegularFile, replaceFile } from "./key-files";
import { createPrivateKeyFile, readPrivateKeyFile } from "./private-key";
import { selfSign } from "./self-sign";

/** What is asked for: names of the two halves and what a new pair looks like. */
export interface KeyPairRequest {
  readonly name: string;
  readonly keyFile: string;
  readonly certificateFile: string;
  /** What the key signs with; a pair that exists has to fit. */
  readonly algorithm: SigningAlgorithm;
  /** Length of a new RSA modulus; counts for RS256 and PS256 alone. */
  readonly rsaBits: number;
  readonly validityDays: number;
  /** May a key be made where neither half exists? A text says why not. */
  readonly creation: "allowed" | { readonly refusedBecause: string };
  /** May an expired certificate be issued again over the same key? */
  readonly reissueExpired: boolean;
  /** Told what was made, by file name. */
  readonly notice: (text: string) => void;
  readonly now?: Date;
}

/**
 * Gives the certificate of a key pair, from its files where they exist, else made anew.
 *
 * The certificate alone is enough; where the private half is present too, both have to belong together. Of several runs
 * at once one makes each half, and the others take what it made.
 */
export function ensureKeyPair(request: KeyPairRequest): CertificateFacts {
  const { certificateFile, keyFile } = request;
  const key = readPrivateKeyFile(keyFile, request.algorithm);
  const pem = readRegularFile(certificateFile);
  if (pem === undefined) return key ? issue(request, key) : createPair(request);
  const certificate = read(request, pem);
  if (key && keyId(key) !== certificate.kid) {
    throw new KeyError(
      "CERTIFICATE_MISMATCH",
      `${shown(certificateFile)} must certify the key in ${shown(keyFile)}, got: kid ${certificate.kid} in the certificate and ${keyId(key)} in the key; restore the half that is wrong, or remove the certificate to have it issued again over this key`,
    );
  }
  const expired = certificate.notAfter <= (request.now ?? new Date());
  if (!expired || !key || !request.reissueExpired) return certificate;
  const again = sign(request, key);
  replaceFile(certificateFile, again, 0o644);
  return issued(request, again);
}

/**
 * Checks what a new pair would look like, whether or not one is made. `rsaBits` is what was asked for: beside an
 * algorithm whose keys have one size only it is a mistake.
 */
export function checkKeyPairRequest(
  algorithm: SigningAlgorithm,
  rsaBits: number | undefined,
  validityDays: number,
): string[] {
  const problems = checkBits(algorithm, rsaBits);
  if (!(validityDays > 0) || validityDays > 36_500) {
    problems.push(
      `\`validityDays\` must be more than 0 and at most 36500, got: ${validityDays}; use 365, or leave it out`,
    );
  }
  return problems;
}

function checkBits(algorithm: SigningAlgorithm, rsaBits: number | undefined): string[] {
  // An algorithm that is none is told once, where it is checked itself.
  if (rsaBits === undefined || !SIGNING_ALGORITHMS.includes(algorithm)) return [];
  if (!isRsa(algorithm)) {
    return [
      `\`rsaBits\` must be left out beside \`algorithm\` "${algorithm}", whose keys are ${kindFor(algorithm)}, got: ${rsaBits}`,
    ];
  }
  if (Number.isInteger(rsaBits) && rsaBits >= MINIMUM_RSA_BITS && rsaBits <= MAXIMUM_RSA_BITS) return [];
  return [
    `\`rsaBits\` must be a whole number between ${MINIMUM_RSA_BITS} (RFC 7518 section 3.3) and ${MAXIMUM_RSA_BITS}, got: ${rsaBits}; leave it out for ${MINIMUM_RSA_BITS}`,
  ];
}

function createPair(request: KeyPairRequest): CertificateFacts {
  if (request.creation !== "allowed") {
    throw new KeyError(
      "CREATION_REFUSED",
      `${shown(request.certificateFile)} does not exist and no key is made here: ${request.creation.refusedBecause}`,
    );
  }
  const { keyFile, algorithm, rsaBits } = request;
  const key = createPrivateKeyFile(keyFile, algorithm, rsaBits);
  if (!key) return ensureKeyPair(request);
  const kind = isRsa(algorithm) ? `RSA-${rsaBits}` : kindFor(algorithm);
  request.notice(`made the private key ${shown(keyFile)} (${kind}, mode 0600, keep it out of git)`);
  return issue(request, key);
}

function issue(request: KeyPairRequest, key: KeyObject): CertificateFacts {
  const pem = sign(request, key);
  return createFile(request.certificateFile, pem, 0o644) ? issued(request, pem) : ensureKeyPair(request);
}

function read({ certificateFile, algorithm }: KeyPairRequest, pem: string): CertificateFacts {
  const replace = "remove both halves to have a new one made";
  return readCertificate(pem, shown(certificateFile), { algorithm, replace });
}

function sign(request: KeyPairRequest, key: KeyObject): string {
  return selfSign(key, request.name, request.validityDays, request.now);
}

function issued(request: KeyPairRequest, pem: string): CertificateFacts {
  request.notice(`issued the certificate ${shown(request.certificateFile)} (${request.validityDays} days, commit it)`);
  return read(request, pem);
}

function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
