import { createPublicKey, type KeyObject } from "node:crypto";
import { pki } from "node-forge";
import { BITSTRING, primitive, sequence } from "./asn1";
import { DAY_MS } from "./certificate-life";
import { commonName, extension, itself, signCertificate } from "./sign-certificate";

/** Self-signs a certificate (CN = name) over the key of a machine's assertions, valid from now. */
export function selfSign(key: KeyObject, name: string, validityDays: number, now = new Date()): string {
  const subject = commonName(name);
  const content = {
    subject,
    publicKey: createPublicKey(key),
    notBefore: now,
    notAfter: new Date(now.getTime() + validityDays * DAY_MS),
    // For signatures, and no authority over others.
    extensions: [
      extension(pki.oids.basicConstraints!, sequence(), true), // cA is FALSE where it is left out
      extension(pki.oids.keyUsage!, primitive(BITSTRING, "\x07\x80"), true), // digitalSignature
    ],
  };
  return signCertificate(content, itself(key, subject));
}
