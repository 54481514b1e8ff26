import { createHash, createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import type { KeyCreation } from "../contract/key-switches";
import type { Node } from "../keys/asn1";
import { keyId } from "../keys/certificate";
import { DAY_MS } from "../keys/certificate-life";
import { KeyError } from "../keys/errors";
import { generateKey } from "../keys/generate";
import { createFile, readPublicFile, readRegularFile, removeFile, replaceFile } from "../keys/key-files";
import type { KeyNotice } from "../keys/key-pair-request";
import { stagedBeside } from "../keys/pair-files";
import { ENCRYPTED, printPrivateKey, readPrivateKeyFile } from "../keys/private-key";
import { shownPath } from "../keys/shown";
import { type CertificateIssuer, commonName, itself, signCertificate } from "../keys/sign-certificate";
import type { CertificateFiles } from "./certificate-files";
import { type Chain, certificatesIn, chainOf, isSelfIssued, nameOf, toPem } from "./chain";
import { shapeFor, type TlsKeyAlgorithm } from "./key-algorithms";

/** Clocks differ: a certificate of this minute is good on a machine whose clock is a little behind. */
const BACKDATED_MS = 5 * 60_000;

/** How a certificate is renewed: not, over the same key, or with a new one. */
export type Renewal = "no" | "same key" | "new key";

/** A CA that can issue: its key is here. */
export interface Authority extends CertificateIssuer {
  readonly chain: Chain;
}

/** Who issues: itself, or a CA. A CA whose key is elsewhere throws. */
export type Issuing = "itself" | (() => Authority);

/** What is asked for. */
export interface CertificateRequest {
  readonly name: string;
  readonly files: CertificateFiles;
  readonly keyAlgorithm: TlsKeyAlgorithm;
  readonly validityDays: number;
  readonly extensions: readonly Node[];
  readonly issuing: Issuing;
  /** May a key be made where there is none? A text says why not. */
  readonly creation: KeyCreation;
  /** Whether a certificate in hand is issued again. */
  readonly renewal: (chain: Chain) => Renewal;
  readonly notice: (notice: KeyNotice) => void;
}

/**
 * Gives a certificate and those above it, from its files where they exist, else issued anew. The private key is made where
 * there is none, and need not be here where there is a certificate.
 *
 * @param isSecondLook whether files were seen that do not fit together, as in the midst of another run's renewal
 * @throws {KeyError}
 */
export function ensureCertificate(request: CertificateRequest, isSecondLook = false): Chain {
  finishRenewal(request.files);
  const key = readKey(request.files.key);
  const pem = readPublicFile(request.files.certificate);
  if (pem === undefined) return key ? issueFirst(request, key, issuerOf(request)) : createBoth(request);
  const chain = chainOf(
    certificatesIn(pem, shownPath(request.files.certificate)),
    shownPath(request.files.certificate),
  );
  if (key && !isSecondLook && !chain.leaf.checkPrivateKey(key)) return ensureCertificate(request, true);
  if (key) checkFits(request.files, chain, key);
  const renewal = request.renewal(chain);
  if (renewal === "no") return chain;
  if (renewal === "same key") return issue(request, key ?? chain.leaf.publicKey);
  return renewKey(request);
}

function createBoth(request: CertificateRequest): Chain {
  const { files, keyAlgorithm: kind, name } = request;
  refuseCreation(request, "does not exist and no key is made here");
  const issuer = issuerOf(request); // before anything is written
  const key = generateKey(shapeFor(kind));
  if (!createFile(files.key, printPrivateKey(key), 0o600)) return ensureCertificate(request); // another run was first
  request.notice({ event: "key-made", name, kind, file: shownPath(files.key) });
  return issueFirst(request, key, issuer);
}

/** Where several runs have the key, one of them issues, and all of them give the same certificate. */
function issueFirst(request: CertificateRequest, key: KeyObject, issuer: Authority | undefined): Chain {
  const put = (pem: string) => createFile(request.files.certificate, pem, 0o644);
  return write(request, key, issuer, put) ?? ensureCertificate(request);
}

function issue(request: CertificateRequest, key: KeyObject): Chain {
  if (request.issuing === "itself" && key.type !== "private") {
    throw new KeyError(
      "KEY_UNREADABLE",
      `${shownPath(request.files.key)} is needed to issue ${shownPath(request.files.certificate)} again, and is not here; do it where it is`,
    );
  }
  return writeAgain(request, key, issuerOf(request));
}

/** In an order that a crash cannot break: the certificate's key is always here, and {@link finishRenewal} does the rest. */
function renewKey(request: CertificateRequest): Chain {
  const { files, keyAlgorithm: kind, name } = request;
  refuseCreation(request, "is not issued again, as no new key is made here");
  const issuer = issuerOf(request);
  const key = generateKey(shapeFor(kind));
  const staged = stagedBeside(files.key, keyId(key));
  replaceFile(staged, printPrivateKey(key), 0o600);
  request.notice({ event: "key-made", name, kind, file: shownPath(files.key) });
  const chain = writeAgain(request, key, issuer);
  finishRenewal(files);
  return chain;
}

/** Brings the key of a renewed certificate into its file, also after a crash. */
function finishRenewal({ certificate, key }: CertificateFiles): void {
  const pem = readPublicFile(certificate);
  if (pem === undefined) return;
  const chain = chainOf(certificatesIn(pem, shownPath(certificate)), shownPath(certificate));
  const staged = stagedBeside(key, keyId(chain.leaf.publicKey));
  const text = existsSync(staged) ? readRegularFile(staged) : undefined;
  if (text === undefined) return;
  replaceFile(key, text, 0o600);
  removeFile(staged);
}

function refuseCreation({ files, creation }: CertificateRequest, what: string): void {
  if (creation === "allowed") return;
  throw new KeyError("CREATION_REFUSED", `${shownPath(files.certificate)} ${what}: ${creation.refusedBecause}`);
}

function issuerOf({ issuing, files }: CertificateRequest): Authority | undefined {
  if (issuing === "itself") return undefined;
  const issuer = issuing();
  const ended = [issuer.chain.leaf, ...issuer.chain.above].find(({ validTo }) => Date.parse(validTo) <= Date.now());
  if (!ended) return issuer;
  throw new KeyError(
    "CREATION_REFUSED",
    `${shownPath(files.certificate)} cannot be issued, as the certificate of the CA has ended on ${ended.validTo}, got: ${nameOf(ended)}; renew that one first`,
  );
}

function writeAgain(request: CertificateRequest, key: KeyObject, issuer: Authority | undefined): Chain {
  const put = (pem: string) => {
    replaceFile(request.files.certificate, pem, 0o644);
    return true;
  };
  return write(request, key, issuer, put)!;
}

/** Issues a certificate and has `put` write it; `undefined` if another run was first. */
function write(
  request: CertificateRequest,
  key: KeyObject,
  issuer: Authority | undefined,
  put: (pem: string) => boolean,
): Chain | undefined {
  const { name, files, extensions, validityDays, notice } = request;
  const now = Date.now();
  const over = issuer ? [issuer.chain.leaf, ...issuer.chain.above] : [];
  const subject = commonName(name);
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  const ends = now + validityDays * DAY_MS;
  const content = {
    subject,
    publicKey,
    // No certificate is older than the one that issued it, and none outlives it.
    notBefore: new Date(Math.max(now - BACKDATED_MS, ...over.map(({ validFrom }) => Date.parse(validFrom)))),
    notAfter: new Date(Math.min(ends, ...over.map(({ validTo }) => Date.parse(validTo)))),
    extensions,
  };
  const leaf = new X509Certificate(signCertificate(content, issuer ?? itself(key, subject)));
  const above = over.filter((one) => !isSelfIssued(one));
  if (!put(toPem([leaf, ...above]))) return undefined;
  const days = Math.round((content.notAfter.getTime() - now) / DAY_MS);
  notice({ event: "certificate-issued", name, file: shownPath(files.certificate), days });
  return { leaf, above };
}

/** The private key, which servers open without a passphrase. */
export function readKey(file: string): KeyObject | undefined {
  const key = readPrivateKeyFile(file, undefined);
  if (key !== ENCRYPTED) return key;
  throw new KeyError(
    "KEY_UNREADABLE",
    `${shownPath(file)} must hold a key for TLS without a passphrase, got: an encrypted one; decrypt it (openssl pkey -in FILE -out FILE)`,
  );
}

/** @throws {KeyError} `CERTIFICATE_MISMATCH` */
export function checkFits({ certificate, key: keyFile }: CertificateFiles, { leaf }: Chain, key: KeyObject): void {
  if (leaf.checkPrivateKey(key)) return;
  throw new KeyError(
    "CERTIFICATE_MISMATCH",
    `${shownPath(certificate)} must certify the key in ${shownPath(keyFile)}, got: another key; restore the file that is wrong, or remove the certificate to have one issued for this key`,
  );
}

/** `x5t#S256`: base64url(SHA-256(DER)), RFC 8705 section 3.1. */
export function thumbprintOf({ raw }: X509Certificate): string {
  return createHash("sha256").update(raw).digest("base64url");
}
