import { TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { type CertificatePlace, tlsFiles, trustFileBeside } from "./certificates/certificate-files";
import { type Chain, toPem } from "./certificates/chain";
import { isFor, misfit, refuseMisfit } from "./certificates/fit";
import { chainForTests } from "./certificates/for-tests";
import { ensureCertificate, type Renewal, thumbprintOf } from "./certificates/issued";
import { isOfKind, type TlsKeyAlgorithm } from "./certificates/key-algorithms";
import { leafExtensions, TLS_USAGES, type TlsUsage } from "./certificates/profiles";
import { isReissued, isRenewalAsked, renewsKeys } from "./contract/key-switches";
import { certificateMarker } from "./contract/markers";
import { tell } from "./contract/notices";
import type { TlsFiles } from "./contract/outputs";
import { projectFolder } from "./contract/project-files";
import { lifeOf, validityOf } from "./keys/certificate-life";
import { shown, shownPath } from "./keys/shown";
import {
  checkDnsName,
  checkIpAddress,
  checkKeyAlgorithm,
  checkPlace,
  checkValidity,
  creationOfCertificates,
  projectPath,
} from "./private/certificate-checks";
import { check, checkKnown, type Known } from "./private/checks";
import { claimKeyFiles } from "./private/claims";
import { failOn } from "./private/errors";
import { ImportedCertificate } from "./private/imported-certificate";
import { explained, noteOfValidity, warnOfExpiry, warnOfReaders } from "./private/key-reading";
import { isTest } from "./private/tests";
import { writeTrust } from "./private/trust-file";
import type { ICertificateAuthority, ITlsCertificate, TlsCertificateFiles } from "./tls";

/** Properties of a {@link TlsCertificate}. */
export interface TlsCertificateProps {
  /** The CA that issues it. */
  readonly authority: ICertificateAuthority;
  /** Names the files and the certificate's subject (CN); the client id of the machine is the usual choice. */
  readonly name: string;
  /** "server": others connect to it. "client": it connects to others. "peer": both. */
  readonly usage: TlsUsage;
  /**
   * Names that callers reach it by. A client has none.
   *
   * @default - `name` and "localhost"
   */
  readonly dnsNames?: readonly string[];
  /**
   * IP addresses that callers reach it by. A client has none.
   *
   * @default - "127.0.0.1" and "::1"
   */
  readonly ipAddresses?: readonly string[];
  /**
   * What its key is: "P-256", "P-384", "RSA-2048", "RSA-3072" or "RSA-4096". It counts for the next new key.
   *
   * @default "P-256"
   */
  readonly keyAlgorithm?: TlsKeyAlgorithm;
  /**
   * Days until the certificate ends. It never outlives its CA.
   *
   * @default 365
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

const PROPS: Known<TlsCertificateProps> = {
  authority: true,
  name: true,
  usage: true,
  dnsNames: true,
  ipAddresses: true,
  keyAlgorithm: true,
  validityDays: true,
  directory: true,
  privateKeyDirectory: true,
};

/**
 * A certificate for TLS: `NAME-tls.crt` with those above it, and `NAME-tls.key`, made at the first synthesis as signing keys
 * are. The certificate is meant to be committed. The private key (mode 0600) is never part of the synthesized JSON, plan,
 * state or log.
 *
 * `m2m certificates renew` issues it again before it ends. If its names or its CA are declared anew, `m2m up` does.
 *
 * @see docs/tls.md
 */
export class TlsCertificate extends Construct implements ITlsCertificate {
  /** A certificate that others issue, such as ACME, Vault or step-ca. */
  static fromFiles(scope: Construct, id: string, files: TlsCertificateFiles): ITlsCertificate {
    return new ImportedCertificate(scope, id, files);
  }

  readonly usage: TlsUsage;
  readonly commonName: string;
  readonly authority: ICertificateAuthority;
  readonly certificatePem: string;
  readonly thumbprint: string;
  readonly notAfter: Date;
  readonly files: TlsFiles;
  private readonly chain: Chain;

  constructor(scope: Construct, id: string, props: TlsCertificateProps) {
    super(scope, id);
    const { authority, name, usage, keyAlgorithm = "P-256", validityDays = 365, directory = "certs" } = props;
    const isServer = usage !== "client";
    const { dnsNames = isServer ? [name, "localhost"] : [], ipAddresses = isServer ? ["127.0.0.1", "::1"] : [] } =
      props;
    const place: CertificatePlace = { name, directory, privateKeyDirectory: props.privateKeyDirectory ?? directory };
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkPlace(place),
      ...check("usage", usage, (one) => TLS_USAGES.includes(one), 'must be "server", "client" or "peer"'),
      ...checkKeyAlgorithm(keyAlgorithm),
      ...checkValidity(validityDays),
      ...checkNames(isServer, dnsNames, ipAddresses),
      ...checkPermitted(dnsNames, authority._permittedDnsNames),
    ]);
    const paths = tlsFiles(projectFolder(), place);
    const names = [...new Set([...dnsNames, ...ipAddresses])].sort();
    const purpose = `a ${usage} certificate${names.length > 0 ? ` for ${names.join(", ")}` : ""}`;
    failOn(this, claimKeyFiles(this, paths, `${purpose} by the CA of ${shown(authority.trustFile)}`));
    const declared = { usage, hosts: [...dnsNames, ...ipAddresses], commonName: name, roots: authority._roots };
    const renewal = (chain: Chain): Renewal => {
      const { hasEnded, isDue } = lifeOf(validityOf(chain.leaf));
      const problem = misfit(chain, declared);
      const isAsked = isRenewalAsked(name, isDue || problem !== undefined);
      // One that has ended is no error: who has no key of the CA may still deploy the rest.
      const isReplaced = isReissued() && (problem !== undefined || (hasEnded && authority._canIssue()));
      if (!isAsked && !isReplaced) return "no";
      return (isAsked && renewsKeys()) || !isOfKind(chain.leaf.publicKey, keyAlgorithm) ? "new key" : "same key";
    };
    const extensions = leafExtensions(usage, dnsNames, ipAddresses);
    const wanted = { name, keyAlgorithm, validityDays, extensions };
    const real = () => {
      const chain = ensureCertificate({
        ...wanted,
        files: paths,
        issuing: () => authority._issue(),
        creation: creationOfCertificates(),
        renewal,
        notice: tell,
      });
      const remedy = `\`m2m up\` issues it again, or \`m2m certificates renew ${name}\``;
      refuseMisfit(misfit(chain, declared), shownPath(paths.certificate), remedy);
      return chain;
    };
    this.chain = isTest(this)
      ? chainForTests({ ...wanted, directory, issuer: authority._issue(), roots: authority._roots })
      : explained(this, real);
    const { leaf, above } = this.chain;
    this.usage = usage;
    this.commonName = name;
    this.authority = authority;
    this.certificatePem = toPem([leaf, ...above]);
    this.thumbprint = thumbprintOf(leaf);
    const life = lifeOf(validityOf(leaf));
    this.notAfter = life.notAfter;
    const certificate = projectPath(paths.certificate, directory);
    // A file of its own: its path stays when another CA takes over.
    const trust = trustFileBeside(paths.certificate);
    failOn(this, writeTrust(this, trust, authority.trustedPem));
    this.files = {
      ca: projectPath(trust, directory),
      certificate,
      key: projectPath(paths.key, place.privateKeyDirectory),
    };
    warnOfExpiry(this, life, certificate, `renew it: \`m2m certificates renew ${name}\``, "nobody accepts it any more");
    const issuers = [...above, ...authority._roots].map(validityOf);
    const renew = `to have it now: \`m2m certificates renew ${name}\``;
    noteOfValidity(this, props.validityDays, life, certificate, renew, issuers);
    warnOfReaders(this, paths.key);
    TerraformStack.of(this).addOverride(
      ...certificateMarker(this.node.addr, { name, usage, file: certificate, keyFile: this.files.key }),
    );
  }

  /** @internal */
  _isFor(host: string): boolean {
    return isFor(this.chain.leaf, host);
  }
}

/** Nobody would trust it for another name. */
function checkPermitted(dnsNames: readonly string[], permitted: readonly string[]): string[] {
  if (permitted.length === 0) return [];
  const isBelow = (name: string) => permitted.some((one) => `.${name}`.toLowerCase().endsWith(`.${one}`.toLowerCase()));
  const others = dnsNames.filter((name) => !isBelow(name));
  if (others.length === 0) return [];
  return [
    `\`dnsNames\` must be names that the CA may issue for (${permitted.join(", ")}), got: ${shown(others.join(", "))}; leave them out, or permit them in the CA`,
  ];
}

function checkNames(isServer: boolean, dnsNames: readonly string[], ipAddresses: readonly string[]): string[] {
  const names = [
    ...dnsNames.flatMap((name) => checkDnsName("dnsNames", name)),
    ...ipAddresses.flatMap((ip) => checkIpAddress("ipAddresses", ip)),
  ];
  const count = dnsNames.length + ipAddresses.length;
  if (isServer && count === 0)
    return [...names, "`dnsNames` or `ipAddresses` must have a name for a server, got: none"];
  if (!isServer && count > 0) {
    return [
      ...names,
      '`dnsNames` and `ipAddresses` must be left out for a client, which nobody connects to; use "peer" for both',
    ];
  }
  return names;
}
