import { X509Certificate } from "node:crypto";
import { stampOf } from "../../constructs/keys/file-stamp";
import { leafOf } from "../../constructs/keys/leaf";
import { readTextFile } from "../../constructs/keys/read-file";
import type { FollowedTlsFiles } from "../../network/followed-tls-files";
import type { ObservedCertificate } from "../observer";
import { keyIdOf } from "../signing/key-id";
import { currentKey, isSigner, type KeySource } from "../signing/key-source";

/** The certificate of the key that signs assertions, whose end an observer may ask for. */
export interface SigningCertificateOptions {
  readonly clientId: string;
  readonly signingKey: KeySource;
  readonly keyFile?: string | undefined;
  readonly certificateFile?: string | undefined;
}

/**
 * Reads the certificate of the key that signs now, from `certificateFile`, or beside the key's file: NAME.crt for NAME.key.
 * Nobody needs it to sign: one that is missing, or cannot be read, is none. So is one of another key, as during a
 * rotation. The key of a signer is not known here, so its certificate is believed.
 */
export function signingCertificate(options: SigningCertificateOptions): ObservedCertificate | undefined {
  const { clientId, signingKey, keyFile } = options;
  const beside = keyFile?.endsWith(".key") ? `${keyFile.slice(0, -".key".length)}.crt` : undefined;
  const file = options.certificateFile ?? beside;
  if (file === undefined) return undefined;
  const certificate = followed(
    () => stampOf(file),
    () => leafOf(readTextFile(file)),
  );
  return {
    use: "signing",
    clientId,
    read() {
      const found = certificate();
      const key = found && currentKey(signingKey);
      if (!found || !key || (!isSigner(key) && keyIdOf(found.publicKey) !== key.kid)) return undefined;
      return { expiresAt: new Date(found.validTo), kid: key.kid };
    },
  };
}

/** The machine's certificate for TLS, which the files have first. */
export function tlsCertificate(clientId: string, files: FollowedTlsFiles): ObservedCertificate {
  return {
    use: "tls",
    clientId,
    read() {
      const { cert } = files.current();
      return cert === undefined ? undefined : { expiresAt: new Date(new X509Certificate(cert).validTo) };
    },
  };
}

/** Reads a file again when it has changed. What cannot be read is `undefined`. */
function followed<T>(stamp: () => ReturnType<typeof stampOf>, read: () => T): () => T | undefined {
  let seen = { id: "", settled: false };
  let value: T | undefined;
  return () => {
    const now = stamp();
    if (now.id === seen.id && seen.settled) return value;
    seen = now;
    try {
      value = read();
    } catch {
      value = undefined;
    }
    return value;
  };
}
