// An app that needs no cdktf. It declares the CA `ca`, the certificates of `names.json` by it, and an imported one.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { authorityBy } from "../../../constructs/certificates/authority";
import { authorityFiles, tlsFiles } from "../../../constructs/certificates/certificate-files";
import { ensureCertificate } from "../../../constructs/certificates/issued";
import { authorityExtensions, leafExtensions } from "../../../constructs/certificates/profiles";
import { isRenewalAsked, renewsKeys, whyNoCreation } from "../../../constructs/contract/key-switches";
import { certificateMarker } from "../../../constructs/contract/markers";
import { tell } from "../../../constructs/contract/notices";
import { manifestOf } from "../manifest";
import { overridden } from "../overridden";

const names: string[] = JSON.parse(readFileSync("names.json", "utf8"));
const out = process.env.CDKTF_OUTDIR!;
const reason = whyNoCreation();

const asked = {
  keyAlgorithm: "P-256",
  validityDays: 90,
  creation: reason === undefined ? "allowed" : { refusedBecause: reason },
  notice: tell,
} as const;
const place = (name: string) => ({ name, directory: "certs", privateKeyDirectory: "certs" });

const caFiles = authorityFiles(process.cwd(), place("ca"));
const ca = ensureCertificate({
  ...asked,
  name: "ca",
  files: caFiles,
  extensions: authorityExtensions(1, []),
  issuing: "itself",
  renewal: () => (isRenewalAsked("ca", false) ? "same key" : "no"),
});
for (const name of names) {
  ensureCertificate({
    ...asked,
    name,
    files: tlsFiles(process.cwd(), place(name)),
    extensions: leafExtensions("peer", ["localhost"], []),
    issuing: () => authorityBy(ca, caFiles.key),
    renewal: () => (!isRenewalAsked(name, existsSync(`${name}.due`)) ? "no" : renewsKeys() ? "new key" : "same key"),
  });
}

const json = overridden(
  { resource: {}, terraform: {} },
  certificateMarker("ca", { name: "ca", usage: "authority", file: "certs/ca.crt", keyFile: "certs/ca.key" }),
  ...names.map((name) => {
    const files = { file: `certs/${name}-tls.crt`, keyFile: `certs/${name}-tls.key` };
    return certificateMarker(name, { name, usage: "peer", ...files });
  }),
  certificateMarker("others", {
    name: "others",
    usage: "server",
    file: "given/others.crt",
    keyFile: "given/others.key",
    isImported: true,
  }),
);
mkdirSync(out, { recursive: true });
writeFileSync(join(out, "cdk.tf.json"), JSON.stringify(json));
writeFileSync(
  join(out, "manifest.json"),
  manifestOf({ level: "@cdktf/warn", constructPath: "m2m/Api", message: "ends" }),
);
