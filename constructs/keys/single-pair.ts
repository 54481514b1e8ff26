import type { KeyObject } from "node:crypto";
import { shapeInWords } from "./algorithms";
import { type CertificateFacts, keyId, readCertificate } from "./certificate";
import { KeyError } from "./errors";
import { createFile, readPublicFile, replaceFile } from "./key-files";
import type { KeyPairRequest } from "./key-pair-request";
import { createPrivateKeyFile, ENCRYPTED, readPrivateKeyFile } from "./private-key";
import { selfSign } from "./self-sign";
import { shownPath } from "./shown";

/** Gives the one key of a pair that has no record, from its files where they exist, else made anew. */
export function ensureSinglePair(request: KeyPairRequest): CertificateFacts {
  const { certificate: certificateFile, key: keyFile } = request.files;
  const key = readPrivateKeyFile(keyFile, request.algorithm);
  const pem = readPublicFile(certificateFile);
  if (key === ENCRYPTED) return encryptedPair(request, pem);
  if (pem === undefined) return key ? issue(request, key) : createPair(request);
  const certificate = read(request, pem);
  if (key && keyId(key) !== certificate.kid) {
    throw new KeyError(
      "CERTIFICATE_MISMATCH",
      `${shownPath(certificateFile)} must certify the key in ${shownPath(keyFile)}, got: kid ${certificate.kid} in the certificate and ${keyId(key)} in the key; restore the half that is wrong, or remove the certificate to have one issued for this key`,
    );
  }
  const expired = certificate.notAfter <= (request.now ?? new Date());
  if (!expired || !key || !request.reissueExpired) return certificate;
  const again = sign(request, key);
  replaceFile(certificateFile, again, 0o644);
  return issued(request, again);
}

/** Which key an encrypted file holds is seen by who has its passphrase, and that is not the synthesis. */
function encryptedPair(request: KeyPairRequest, pem: string | undefined): CertificateFacts {
  const { certificate, key } = request.files;
  if (pem !== undefined) return read(request, pem);
  throw new KeyError(
    "KEY_UNREADABLE",
    `${shownPath(key)} is encrypted, so no certificate can be issued for it here; put its certificate at ${shownPath(certificate)}`,
  );
}

function createPair(request: KeyPairRequest): CertificateFacts {
  if (request.creation !== "allowed") {
    throw new KeyError(
      "CREATION_REFUSED",
      `${shownPath(request.files.certificate)} does not exist and no key is made here: ${request.creation.refusedBecause}`,
    );
  }
  const { files, algorithm, rsaBits } = request;
  const key = createPrivateKeyFile(files.key, algorithm, rsaBits);
  if (!key) return ensureSinglePair(request);
  const kind = shapeInWords(algorithm, rsaBits);
  request.notice({ event: "key-made", name: request.name, kind, file: shownPath(files.key) });
  return issue(request, key);
}

function issue(request: KeyPairRequest, key: KeyObject): CertificateFacts {
  const pem = sign(request, key);
  return createFile(request.files.certificate, pem, 0o644) ? issued(request, pem) : ensureSinglePair(request);
}

function read({ files, algorithm }: KeyPairRequest, pem: string): CertificateFacts {
  const replace = "remove both halves to have a new one made";
  return readCertificate(pem, shownPath(files.certificate), { algorithm, replace });
}

function sign(request: KeyPairRequest, key: KeyObject): string {
  return selfSign(key, request.name, request.validityDays, request.now);
}

function issued(request: KeyPairRequest, pem: string): CertificateFacts {
  const { name, files, validityDays: days } = request;
  request.notice({ event: "certificate-issued", name, file: shownPath(files.certificate), days });
  return read(request, pem);
}
