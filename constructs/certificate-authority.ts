import type { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { authorityBy, authorityForTests, rootsOf } from "./certificates/authority";
import { authorityFiles, type CertificatePlace, trustFileBeside } from "./certificates/certificate-files";
import { type Chain, certificatesIn, toPem, unique } from "./certificates/chain";
import { chainForTests } from "./certificates/for-tests";
import { type Authority, ensureCertificate } from "./certificates/issued";
import type { TlsKeyAlgorithm } from "./certificates/key-algorithms";
import { authorityExtensions } from "./certificates/profiles";
import { isReissued, isRenewalAsked } from "./contract/key-switches";
import { certificateMarker } from "./contract/markers";
import { tell } from "./contract/notices";
import { projectFolder } from "./contract/project-files";
import { lifeOf, validityOf } from "./keys/certificate-life";
import { shownPath } from "./keys/shown";
import {
  checkKeyAlgorithm,
  checkPermittedName,
  checkPlace,
  checkValidity,
  creationOfCertificates,
  projectPath,
} from "./private/certificate-checks";
import { checkKnown, type Known } from "./private/checks";
import { claimKeyFiles } from "./private/claims";
import { failOn } from "./private/errors";
import { ImportedAuthority } from "./private/imported-authority";
import { explained, noteOfValidity, warnOfExpiry, warnOfReaders } from "./private/key-reading";
import { isTest } from "./private/tests";
import { writeTrust } from "./private/trust-file";
import type { CertificateAuthorityFiles, ICertificateAuthority } from "./tls";

/** Properties of a {@link CertificateAuthority}. */
export interface CertificateAuthorityProps {
  /** Names the files and the certificate's subject (CN). */
  readonly name: string;
  /**
   * The CA above this one, which makes it an intermediate CA.
   *
   * @default - none: a root, which signs its own certificate
   */
  readonly authority?: ICertificateAuthority;
  /**
   * Other CAs to trust wherever this one is trusted: during a change from one CA to the next.
   *
   * @default - none
   */
  readonly alongside?: readonly ICertificateAuthority[];
  /**
   * Names that its certificates may have, each with all names below it (RFC 5280 section 4.2.1.10). IP addresses are not
   * limited.
   *
   * @default - any
   */
  readonly permittedDnsNames?: readonly string[];
  /**
   * What its key is: "P-256", "P-384", "RSA-2048", "RSA-3072" or "RSA-4096".
   *
   * @default "P-256"
   */
  readonly keyAlgorithm?: TlsKeyAlgorithm;
  /**
   * Days until the certificate ends.
   *
   * @default 3650
   */
  readonly validityDays?: number;
  /**
   * Folder of certificate and private key, absolute or relative to `cdktf.json`.
   *
   * @default "certs"
   */
  readonly directory?: string;
  /**
   * Folder of the private key, if it is another one; absolute or relative to `cdktf.json`.
   *
   * @default - `directory`
   */
  readonly privateKeyDirectory?: string;
}

const PROPS: Known<CertificateAuthorityProps> = {
  name: true,
  authority: true,
  alongside: true,
  permittedDnsNames: true,
  keyAlgorithm: true,
  validityDays: true,
  directory: true,
  privateKeyDirectory: true,
};

/**
 * A private CA: `NAME.crt` and `NAME.key` in `certs`, made at the first synthesis as signing keys are. It issues the
 * certificates of {@link TlsCertificate}. `NAME.trust.crt` holds what to trust.
 *
 * The certificate is enough to synthesize, diff and deploy. The private key is needed to issue, and nowhere else. It is
 * never part of the synthesized JSON, plan, state or log.
 *
 * @see docs/tls.md
 */
export class CertificateAuthority extends Construct implements ICertificateAuthority {
  /** A CA that exists: a company's, or one of Vault or step-ca. */
  static fromFiles(scope: Construct, id: string, files: CertificateAuthorityFiles): ICertificateAuthority {
    return new ImportedAuthority(scope, id, files);
  }

  readonly trustedPem: string;
  readonly trustFile: string;
  /** The certificate, relative to `cdktf.json`. */
  readonly certificateFile: string;
  /** The private key, which may be elsewhere; relative to `cdktf.json`. */
  readonly privateKeyFile: string;
  readonly notAfter: Date;
  /** @internal What it is called. */
  readonly _name: string;

  /** @internal */
  readonly _roots: readonly X509Certificate[];
  /** @internal */
  readonly _permittedDnsNames: readonly string[];
  private readonly chain: Chain;
  private readonly keyFile: string;
  private readonly isIntermediate: boolean;

  constructor(scope: Construct, id: string, props: CertificateAuthorityProps) {
    super(scope, id);
    const { name, authority, alongside = [], permittedDnsNames = [], keyAlgorithm = "P-256" } = props;
    const { validityDays = 3650, directory = "certs" } = props;
    const place: CertificatePlace = { name, directory, privateKeyDirectory: props.privateKeyDirectory ?? directory };
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkPlace(place),
      ...checkKeyAlgorithm(keyAlgorithm),
      ...checkValidity(validityDays),
      ...permittedDnsNames.flatMap((one) => checkPermittedName("permittedDnsNames", one)),
      ...(authority instanceof CertificateAuthority && authority.isIntermediate
        ? ["`authority` must be a root: no third CA is made below an intermediate one; give the root"]
        : []),
    ]);
    this._name = name;
    this.isIntermediate = authority !== undefined;
    this._permittedDnsNames = permittedDnsNames.length > 0 ? permittedDnsNames : (authority?._permittedDnsNames ?? []);
    const files = authorityFiles(projectFolder(), place);
    failOn(
      this,
      claimKeyFiles(this, files, authority ? "the certificate of an intermediate CA" : "the certificate of a root CA"),
    );
    this.keyFile = files.key;
    const wanted = {
      name,
      keyAlgorithm,
      validityDays,
      extensions: authorityExtensions(authority ? 0 : 1, permittedDnsNames),
    };
    const real = () =>
      ensureCertificate({
        ...wanted,
        files,
        issuing: authority ? () => authority._issue() : "itself",
        creation: creationOfCertificates(),
        renewal: ({ leaf }) => {
          const { hasEnded, isDue } = lifeOf(validityOf(leaf));
          const isHere = authority ? authority._canIssue() : existsSync(files.key);
          return isRenewalAsked(name, isDue) || (hasEnded && isReissued() && isHere) ? "same key" : "no";
        },
        notice: tell,
      });
    const roots = authority?._roots ?? [];
    this.chain = isTest(this)
      ? chainForTests({ ...wanted, directory, issuer: authority?._issue(), roots })
      : explained(this, real);
    const among = [this.chain.leaf, ...roots];
    if (isTest(this)) this._roots = authority ? roots : [this.chain.leaf];
    else this._roots = explained(this, () => rootsOf(this.chain, among, shownPath(files.certificate)));
    const beside = alongside.flatMap((one) => certificatesIn(one.trustedPem, one.trustFile));
    this.trustedPem = toPem(unique([...this._roots, ...beside]));
    const trust = trustFileBeside(files.certificate);
    failOn(this, writeTrust(this, trust, this.trustedPem));
    this.trustFile = projectPath(trust, directory);
    this.certificateFile = projectPath(files.certificate, directory);
    this.privateKeyFile = projectPath(files.key, place.privateKeyDirectory);
    const life = lifeOf(validityOf(this.chain.leaf));
    this.notAfter = life.notAfter;
    const remedy = `renew it where its key is: \`m2m certificates renew ${name}\``;
    warnOfExpiry(this, life, this.certificateFile, remedy, "nothing that it issued is trusted any more");
    const issuers = authority?._roots.map(validityOf);
    const renew = `to have it now: \`m2m certificates renew ${name}\``;
    noteOfValidity(this, props.validityDays, life, this.certificateFile, renew, issuers);
    warnOfReaders(this, files.key);
    const { certificateFile: file, privateKeyFile: keyFile } = this;
    TerraformStack.of(this).addOverride(
      ...certificateMarker(this.node.addr, { name, usage: "authority", file, keyFile }),
    );
  }

  /** @internal */
  _issue(): Authority {
    return isTest(this) ? authorityForTests(this.chain) : authorityBy(this.chain, this.keyFile);
  }

  /** @internal */
  _canIssue(): boolean {
    return existsSync(this.keyFile);
  }
}
