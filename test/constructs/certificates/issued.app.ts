// Makes a CA and a certificate by it, or finds them. As `KILL_AT` says, it is killed before or after its nth write.
import fs from "node:fs";
import { authorityBy } from "../../../constructs/certificates/authority";
import { authorityFiles, tlsFiles } from "../../../constructs/certificates/certificate-files";
import { ensureCertificate, type Renewal } from "../../../constructs/certificates/issued";
import { authorityExtensions, leafExtensions } from "../../../constructs/certificates/profiles";

const { KILL_AT, RENEWAL = "no", CREATION } = process.env;

if (KILL_AT !== undefined) {
  const [which, when] = KILL_AT.split(" ") as [string, "before" | "after"];
  let writes = 0;
  const dying = <Write extends (...args: never[]) => void>(write: Write) =>
    ((...args: Parameters<Write>) => {
      const isLast = ++writes === Number(which);
      if (!isLast || when === "after") write(...args);
      if (isLast) process.kill(process.pid, "SIGKILL");
    }) as Write;
  // By these a file appears, changes or goes.
  Object.assign(fs, {
    linkSync: dying(fs.linkSync),
    renameSync: dying(fs.renameSync),
    rmSync: dying(fs.rmSync),
    unlinkSync: dying(fs.unlinkSync),
  });
}

const place = (name: string) => ({ name, directory: "certs", privateKeyDirectory: "certs" });
const asked = {
  keyAlgorithm: "P-256",
  validityDays: 30,
  creation: CREATION === undefined ? "allowed" : { refusedBecause: CREATION },
  notice: () => undefined,
} as const;
const caFiles = authorityFiles(process.cwd(), place("ca"));
const ca = ensureCertificate({
  ...asked,
  name: "ca",
  files: caFiles,
  extensions: authorityExtensions(1, []),
  issuing: "itself",
  renewal: () => "no",
});
const leaf = ensureCertificate({
  ...asked,
  name: "api",
  files: tlsFiles(process.cwd(), place("api")),
  extensions: leafExtensions("server", ["localhost"], []),
  issuing: () => authorityBy(ca, caFiles.key),
  renewal: () => RENEWAL as Renewal,
});
process.stdout.write(`${ca.leaf.fingerprint256} ${leaf.leaf.fingerprint256}`);
