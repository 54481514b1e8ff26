import { resolve } from "node:path";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { type Chain, certificatesIn, chainOf, toPem } from "../certificates/chain";
import { isFor, misfit, refuseMisfit } from "../certificates/fit";
import { checkFits, readKey, thumbprintOf } from "../certificates/issued";
import { TLS_USAGES, type TlsUsage } from "../certificates/profiles";
import { certificateMarker } from "../contract/markers";
import type { TlsFiles } from "../contract/outputs";
import { projectFolder } from "../contract/project-files";
import { lifeOf, validityOf } from "../keys/certificate-life";
import { commonNameOf } from "../keys/common-name";
import { shown } from "../keys/shown";
import type { ICertificateAuthority, ITlsCertificate, TlsCertificateFiles } from "../tls";
import { check, checkKnown } from "./checks";
import { failOn } from "./errors";
import { linked, readCertificates } from "./files-of-others";
import { explained, warnOfExpiry, warnOfReaders } from "./key-reading";

/** A certificate that others issue, by its files. */
export class ImportedCertificate extends Construct implements ITlsCertificate {
  readonly usage: TlsUsage;
  readonly commonName: string;
  readonly authority: ICertificateAuthority;
  readonly certificatePem: string;
  readonly thumbprint: string;
  readonly notAfter: Date;
  readonly files: TlsFiles;
  private readonly chain: Chain;

  constructor(scope: Construct, id: string, given: TlsCertificateFiles) {
    super(scope, id);
    const { certificateFile, privateKeyFile, authority, usage } = given;
    failOn(this, [
      ...checkKnown(given, { certificateFile: true, privateKeyFile: true, authority: true, usage: true }),
      ...check("usage", usage, (one) => TLS_USAGES.includes(one), 'must be "server", "client" or "peer"'),
    ]);
    const where = shown(certificateFile);
    const path = resolve(projectFolder(), certificateFile);
    const keyFile = resolve(projectFolder(), privateKeyFile);
    this.chain = explained(this, () => {
      const { _roots: roots } = authority;
      const chain = chainOf(certificatesIn(readCertificates(certificateFile), where), where, roots);
      const key = readKey(linked(keyFile));
      if (key) checkFits({ certificate: path, key: keyFile }, chain, key);
      refuseMisfit(misfit(chain, { usage, hosts: [], roots }), where, "give the one that was issued for this");
      return chain;
    });
    const { leaf, above } = this.chain;
    this.usage = usage;
    this.commonName = commonNameOf(leaf) ?? "";
    this.authority = authority;
    this.certificatePem = toPem([leaf, ...above]);
    this.thumbprint = thumbprintOf(leaf);
    const life = lifeOf(validityOf(leaf));
    this.notAfter = life.notAfter;
    this.files = { ca: authority.trustFile, certificate: certificateFile, key: privateKeyFile };
    warnOfExpiry(this, life, where, "have it issued again where it was made", "nobody accepts it any more");
    warnOfReaders(this, keyFile);
    const description = { name: this.commonName, usage, file: certificateFile, keyFile: privateKeyFile };
    TerraformStack.of(this).addOverride(...certificateMarker(this.node.addr, { ...description, isImported: true }));
  }

  /** @internal */
  _isFor(host: string): boolean {
    return isFor(this.chain.leaf, host);
  }
}
