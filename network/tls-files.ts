import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { certificateBlocks } from "../constructs/keys/leaf";
import { otherForm } from "../constructs/keys/other-forms";
import { readBytes, UnreadableFile } from "../constructs/keys/read-file";
import { shown } from "../constructs/keys/shown";
import type { TlsSettings } from "./dispatchers";
import { MOST_AUTHORITY_BYTES } from "./environment";

/** The files of a TLS identity, and of the CAs that it trusts. */
export interface TlsFileNames {
  readonly caFile?: string;
  readonly certificateFile?: string;
  readonly keyFile?: string;
}

/** A file that TLS cannot use. No text holds anything of a key. */
export class WrongTlsFile extends Error {}

/**
 * Reads the files of TLS and checks that they go together.
 *
 * Does not check: dates, purposes and names of the certificates. The other side does.
 *
 * @throws {WrongTlsFile} for a file that cannot be read, is of another form or was written by half, and for a key of
 *   another certificate
 */
export function readTlsFiles({ caFile, certificateFile, keyFile }: TlsFileNames): TlsSettings {
  const ca = caFile === undefined ? undefined : readCertificates("tls.caFile", caFile, MOST_AUTHORITY_BYTES);
  if (certificateFile === undefined || keyFile === undefined) return { ...(ca !== undefined && { ca }) };
  const cert = readCertificates("tls.certificateFile", certificateFile);
  const key = readKey(keyFile);
  checkPair(cert, key, certificateFile, keyFile);
  checkUse(cert, key, certificateFile);
  return { ...(ca !== undefined && { ca }), cert, key: key.export({ type: "pkcs8", format: "pem" }).toString() };
}

function readCertificates(option: string, file: string, mostBytes?: number): string {
  const bytes = read(option, file, mostBytes);
  const text = bytes.toString("utf8");
  const begun = text.match(/-----BEGIN [A-Z0-9 ]{0,20}CERTIFICATE-----/g)?.length ?? 0;
  const whole = certificateBlocks(text);
  if (begun === 0) throw wrong(option, file, "certificates in PEM", otherForm(bytes) ?? "no certificate in PEM");
  if (whole.length < begun) throw wrong(option, file, "certificates in PEM", "a certificate without its end");
  try {
    for (const one of whole) new X509Certificate(one);
    createSecureContext({ ca: text });
  } catch {
    throw wrong(option, file, "certificates in PEM", "a certificate that cannot be parsed");
  }
  return text;
}

function readKey(file: string): KeyObject {
  const option = "tls.keyFile";
  const bytes = read(option, file);
  const text = bytes.toString("utf8");
  if (/ENCRYPTED/.test(text)) {
    const got = "an encrypted key, and there is no passphrase for TLS; decrypt it: openssl pkey -in FILE -out NEW_FILE";
    throw wrong(option, file, "a private key in PEM", got);
  }
  try {
    return createPrivateKey(text);
  } catch {
    const isKey = text.includes("PRIVATE KEY-----");
    const got = otherForm(bytes) ?? (isKey ? "a damaged key, or half of one" : "no private key in PEM");
    throw wrong(option, file, "a private key in PEM", got);
  }
}

/** Node.js presents the first certificate of the file with the key. */
function checkPair(cert: string, key: KeyObject, certificateFile: string, keyFile: string): void {
  const [leaf, ...chain] = certificateBlocks(cert).map((pem) => new X509Certificate(pem));
  if (leaf?.checkPrivateKey(key)) return;
  const isLater = chain.some((one) => one.checkPrivateKey(key));
  const rule = isLater
    ? "must begin with the certificate of the key, and those that issued it come after it"
    : `must hold the certificate of the key in ${shown(keyFile)} (\`tls.keyFile\`), got: one of another key; give files that were made together`;
  throw new WrongTlsFile(`\`tls.certificateFile\` ${shown(certificateFile)} ${rule}`);
}

/** OpenSSL takes no key that is too short, for example. */
function checkUse(cert: string, key: KeyObject, file: string): void {
  try {
    createSecureContext({ cert, key: key.export({ type: "pkcs8", format: "pem" }) });
  } catch (error) {
    const { code = "unknown error" } = error as NodeJS.ErrnoException;
    throw wrong("tls.certificateFile", file, "a certificate that TLS can use", `one that OpenSSL refuses (${code})`);
  }
}

function read(option: string, file: string, mostBytes?: number): Buffer {
  try {
    return readBytes(file, mostBytes === undefined ? {} : { mostBytes });
  } catch (error) {
    if (!(error instanceof UnreadableFile)) throw error;
    throw new WrongTlsFile(
      `\`${option}\` ${shown(file)} cannot be read (${error.got}); check the path and that this user may read it`,
    );
  }
}

function wrong(option: string, file: string, what: string, got: string): WrongTlsFile {
  const remedy = got.includes(";") ? "" : "; write the file anew";
  return new WrongTlsFile(`\`${option}\` ${shown(file)} must hold ${what}, got: ${got}${remedy}`);
}
