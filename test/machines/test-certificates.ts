// A CA of one's own and what it issues, made when a test runs: no key is in the repository.
import { execFileSync } from "node:child_process";
import { createHash, X509Certificate } from "node:crypto";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";

/** A certificate and its key, as texts and files. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** As a guard gets it. */
  readonly der: Buffer;
  /** `x5t#S256` */
  readonly thumbprint: string;
}

interface Wanted {
  /** In the form of openssl: `/` parts, `+` several in one part. @default /CN=NAME */
  readonly subject?: string;
  /** Extended key usages. @default both */
  readonly purpose?: "serverAuth" | "clientAuth" | "serverAuth,clientAuth";
  /** Days until it ends; -1 for one that has ended. @default 2 */
  readonly days?: number;
  /** Host names, besides localhost and 127.0.0.1. */
  readonly hosts?: readonly string[];
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Makes a CA. `folder` gives the path of a file. */
export function testAuthority(folder: (name: string) => string, name = "ca") {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const [file, caKey] = [folder(`${name}.crt`), folder(`${name}.key`)];
  openssl("req", "-x509", ...newKey, "-subj", `/CN=${name}`, "-days", "2", "-keyout", caKey, "-out", file);

  const issue = (of: string, wanted: Wanted = {}): TestCertificate => {
    const { subject = `/CN=${of}`, purpose = "serverAuth,clientAuth", days = 2, hosts = [] } = wanted;
    const [certificateFile, keyFile] = [folder(`${of}.crt`), folder(`${of}.key`)];
    const [request, extensions] = [folder(`${of}.csr`), folder(`${of}.ext`)];
    const names = ["localhost", ...hosts].map((host) => `DNS:${host}`).join(",");
    writeFileSync(extensions, `subjectAltName=${names},IP:127.0.0.1\nextendedKeyUsage=${purpose}\n`);
    openssl("req", "-new", "-utf8", ...newKey, "-subj", subject, "-keyout", keyFile, "-out", request);
    const by = ["-CA", file, "-CAkey", caKey, "-CAcreateserial", "-days", String(days), "-extfile", extensions];
    openssl("x509", "-req", "-in", request, ...by, "-out", certificateFile);
    const cert = readFileSync(certificateFile, "utf8");
    const der = new X509Certificate(cert).raw;
    const thumbprint = createHash("sha256").update(der).digest("base64url");
    return { cert, key: readFileSync(keyFile, "utf8"), certificateFile, keyFile, der, thumbprint };
  };
  return { file, cert: readFileSync(file, "utf8"), issue };
}

/** Puts another certificate and its key where the first one is. */
export function renew(former: TestCertificate, next: TestCertificate): void {
  copyFileSync(next.keyFile, former.keyFile);
  copyFileSync(next.certificateFile, former.certificateFile);
}
