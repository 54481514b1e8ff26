import type { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Construct } from "constructs";
import { authorityBy, authorityForTests, rootsOf } from "../certificates/authority";
import { trustFileBeside } from "../certificates/certificate-files";
import { type Chain, certificatesIn, chainOf, isSelfIssued, toPem } from "../certificates/chain";
import { type Authority, checkFits, readKey } from "../certificates/issued";
import { projectFolder } from "../contract/project-files";
import { lifeOf, validityOf } from "../keys/certificate-life";
import { KeyError } from "../keys/errors";
import { shown } from "../keys/shown";
import type { CertificateAuthorityFiles, ICertificateAuthority } from "../tls";
import { projectPath } from "./certificate-checks";
import { checkKnown } from "./checks";
import { failOn } from "./errors";
import { linked, readCertificates } from "./files-of-others";
import { explained, warnOfExpiry, warnOfReaders } from "./key-reading";
import { isTest } from "./tests";
import { writeTrust } from "./trust-file";

/** A CA by its files. */
export class ImportedAuthority extends Construct implements ICertificateAuthority {
  readonly trustedPem: string;
  readonly trustFile: string;
  /** @internal */
  readonly _roots: readonly X509Certificate[];
  /** @internal Peers know what it may issue. */
  readonly _permittedDnsNames: readonly string[] = [];
  private readonly chain: Chain;
  private readonly keyFile?: string;

  constructor(scope: Construct, id: string, files: CertificateAuthorityFiles) {
    super(scope, id);
    const { certificateFile, privateKeyFile } = files;
    failOn(this, checkKnown(files, { certificateFile: true, privateKeyFile: true }));
    const path = resolve(projectFolder(), certificateFile);
    const keyFile = privateKeyFile === undefined ? undefined : resolve(projectFolder(), privateKeyFile);
    this.keyFile = keyFile;
    const where = shown(certificateFile);
    const { chain, roots } = explained(this, () => {
      const all = certificatesIn(readCertificates(certificateFile), where);
      const chain = chainOf(all, where, all.filter(isSelfIssued));
      const key = keyFile === undefined ? undefined : readKey(linked(keyFile));
      if (keyFile !== undefined && key) checkFits({ certificate: path, key: keyFile }, chain, key);
      return { chain, roots: rootsOf(chain, all, where) };
    });
    this.chain = chain;
    this._roots = roots;
    this.trustedPem = toPem(roots);
    // A file of the roots alone: some programs take everything in their file for a root.
    const trust = trustFileBeside(path);
    failOn(this, writeTrust(this, trust, this.trustedPem));
    this.trustFile = projectPath(trust, certificateFile);
    const remedy = "have it issued again where it was made";
    warnOfExpiry(this, lifeOf(validityOf(chain.leaf)), where, remedy, "nothing that it issued is trusted any more");
    if (keyFile !== undefined) warnOfReaders(this, keyFile);
  }

  /** @internal */
  _canIssue(): boolean {
    return this.keyFile !== undefined && existsSync(this.keyFile);
  }

  /** @internal */
  _issue(): Authority {
    if (isTest(this)) return authorityForTests(this.chain);
    if (this.keyFile !== undefined) return authorityBy(this.chain, linked(this.keyFile));
    throw new KeyError(
      "CREATION_REFUSED",
      "the private key of this CA is not known here, so nothing is issued by it; have the certificate issued where it is and use TlsCertificate.fromFiles, or give `privateKeyFile`",
    );
  }
}
