import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Certificates in PEM that openssl issued, each by the one before; the first by itself. */
export function certificateChain(...names: readonly string[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "m2m-chain-"));
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  try {
    return names.map((name, index) => {
      openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", at(`${index}.key`));
      const subject = ["-subj", `/O=Example/CN=${name}`, "-key", at(`${index}.key`), "-days", "30"];
      const isCa = ["-addext", `basicConstraints=critical,CA:${index + 1 < names.length ? "TRUE" : "FALSE"}`];
      const issuer = index === 0 ? [] : ["-CA", at(`${index - 1}.crt`), "-CAkey", at(`${index - 1}.key`)];
      openssl("req", "-x509", "-out", at(`${index}.crt`), ...subject, ...isCa, ...issuer);
      return readFileSync(at(`${index}.crt`), "utf8");
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
