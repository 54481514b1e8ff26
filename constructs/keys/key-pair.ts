import type { KeyObject } from "node:crypto";
import { relative } from "node:path";
import { type CertificateFacts, keyId, readCertificate, selfSign } from "./certificate";
import { KeyError } from "./errors";
import { createFile, readRegularFile, replaceFile } from "./key-files";
import { createPrivateKeyFile, MAXIMUM_RSA_BITS, MINIMUM_RSA_BITS, readPrivateKeyFile } from "./private-key";

/** What is asked for: names of the two halves and what a new pair looks like. */
export interface KeyPairRequest {
  readonly name: string;
  readonly keyFile: string;
  readonly certificateFile: string;
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
  const key = readPrivateKeyFile(keyFile);
  const pem = readRegularFile(certificateFile);
  if (pem === undefined) return key ? issue(request, key) : createPair(request);
  const certificate = readCertificate(pem, shown(certificateFile));
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

/** Checks what a new pair would look like, whether or not one is made. */
export function checkKeyPairRequest(rsaBits: number, validityDays: number): string[] {
  const problems: string[] = [];
  if (!Number.isInteger(rsaBits) || rsaBits < MINIMUM_RSA_BITS || rsaBits > MAXIMUM_RSA_BITS) {
    problems.push(
      `\`rsaBits\` must be a whole number between ${MINIMUM_RSA_BITS} (RFC 7518 section 3.3) and ${MAXIMUM_RSA_BITS}, got: ${rsaBits}; leave it out for ${MINIMUM_RSA_BITS}`,
    );
  }
  if (!(validityDays > 0) || validityDays > 36_500) {
    problems.push(
      `\`validityDays\` must be more than 0 and at most 36500, got: ${validityDays}; use 365, or leave it out`,
    );
  }
  return problems;
}

function createPair(request: KeyPairRequest): CertificateFacts {
  if (request.creation !== "allowed") {
    throw new KeyError(
      "CREATION_REFUSED",
      `${shown(request.certificateFile)} does not exist and no key is made here: ${request.creation.refusedBecause}`,
    );
  }
  const key = createPrivateKeyFile(request.keyFile, request.rsaBits);
  if (!key) return ensureKeyPair(request);
  request.notice(
    `made the private key ${shown(request.keyFile)} (RSA-${request.rsaBits}, mode 0600, keep it out of git)`,
  );
  return issue(request, key);
}

function issue(request: KeyPairRequest, key: KeyObject): CertificateFacts {
  const pem = sign(request, key);
  return createFile(request.certificateFile, pem, 0o644) ? issued(request, pem) : ensureKeyPair(request);
}

function sign(request: KeyPairRequest, key: KeyObject): string {
  return selfSign(key, request.name, request.validityDays, request.now);
}

function issued(request: KeyPairRequest, pem: string): CertificateFacts {
  request.notice(`issued the certificate ${shown(request.certificateFile)} (${request.validityDays} days, commit it)`);
  return readCertificate(pem, shown(request.certificateFile));
}

function shown(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") ? path : fromHere;
}
