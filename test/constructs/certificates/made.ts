import { execFileSync } from "node:child_process";
import { createPublicKey, type KeyObject, X509Certificate } from "node:crypto";
import { authorityExtensions, leafExtensions } from "../../../constructs/certificates/profiles";
import type { Node } from "../../../constructs/keys/asn1";
import { generateKey } from "../../../constructs/keys/generate";
import { commonName, itself, signCertificate } from "../../../constructs/keys/sign-certificate";

const HOUR_MS = 3_600_000;

/** A certificate of a test, and what it takes to issue by it. */
export interface Made {
  readonly certificate: X509Certificate;
  readonly pem: string;
  readonly key: KeyObject;
  readonly name: string;
}

interface Wanted {
  readonly by?: Made;
  readonly key?: KeyObject;
  readonly hours?: number;
  readonly extensions?: readonly Node[];
}

export function newKey(): KeyObject {
  return generateKey({ type: "ec", namedCurve: "prime256v1" });
}

/** The certificate of a CA; without `by` of a root. */
export function caOf(name: string, wanted: Wanted = {}): Made {
  return made(name, { extensions: authorityExtensions(5, []), ...wanted });
}

/** A certificate for `localhost`, unless its extensions say otherwise. */
export function leafBy(by: Made, wanted: Wanted = {}, name = "leaf"): Made {
  return made(name, { by, extensions: leafExtensions("peer", ["localhost"], []), ...wanted });
}

function made(name: string, { by, key = newKey(), hours = 24, extensions = [] }: Wanted): Made {
  const subject = commonName(name);
  const now = Date.now();
  const dates = { notBefore: new Date(now - HOUR_MS), notAfter: new Date(now + hours * HOUR_MS) };
  const issuer = by ? itself(by.key, commonName(by.name)) : itself(key, subject);
  const pem = signCertificate({ subject, publicKey: createPublicKey(key), ...dates, extensions }, issuer);
  return { certificate: new X509Certificate(pem), pem, key, name };
}

/** What openssl prints, also where it fails. */
export function openssl(args: readonly string[], input?: string | Buffer): string {
  try {
    return execFileSync("openssl", args, { input, encoding: "utf8", stdio: ["pipe", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}
