import { existsSync } from "node:fs";
import { isAbsolute, relative } from "node:path";
import { Annotations, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import type { AcceptedKey } from "./contract/client-keys";
import { isReissued, keyCreation, switchesKeys } from "./contract/key-switches";
import { pairMarker } from "./contract/markers";
import { tell } from "./contract/notices";
import { projectFolder } from "./contract/project-files";
import type { SigningAlgorithm } from "./keys/algorithms";
import { testKeyFacts } from "./keys/for-tests";
import { isTaken } from "./keys/key-files";
import { ensureKeyPair, onlyKey, type PairFacts } from "./keys/key-pair";
import { checkKeyPairRequest } from "./keys/key-pair-request";
import { filesOf, type PairFiles } from "./keys/pair-files";
import { ENCRYPTED, readPrivateKeyFile } from "./keys/private-key";
import { shown } from "./keys/shown";
import { checkKnown, type Known } from "./private/checks";
import { claimKeyFiles } from "./private/claims";
import { failOn } from "./private/errors";
import { ImportedSigningKey } from "./private/imported-signing-key";
import { checkAlgorithm, explained, noteOfValidity, warnOfExpiry, warnOfReaders } from "./private/key-reading";
import { checkDirectory, checkName } from "./private/place-checks";
import { PublicKeyFile, PublishedKeys } from "./private/published-keys";
import { isTest } from "./private/tests";
import type {
  CertificateFileOptions,
  IPublicKeys,
  ISigningKey,
  JwksUriOptions,
  PublicKeyFileOptions,
} from "./signing-key";

/** Properties of a {@link SigningKeyPair}. */
export interface SigningKeyPairProps {
  /** Names the files and the certificate's subject (CN); the client id of the machine is the usual choice. */
  readonly name: string;

  /**
   * What the key signs with, and so its kind: RSA for RS256 to RS512 and PS256 to PS512, P-256 for ES256, P-384
   * for ES384, P-521 for ES512, Ed25519 for EdDSA. An existing
   * key has to fit. To change the kind, rotate the key (`m2m keys prepare --algorithm`).
   *
   * @default "RS256"
   * @see RFC 7518 section 3.1, RFC 8037 section 3.1
   */
  readonly algorithm?: SigningAlgorithm;

  /**
   * Days until the certificate ends, counted from its issue. Keycloak does not look at the end date.
   *
   * @default 365
   */
  readonly validityDays?: number;

  /**
   * Length of the RSA modulus, in bits. Leave it out for ES256 and EdDSA: their keys have one size.
   *
   * @default 2048
   */
  readonly rsaBits?: number;

  /**
   * Folder of both halves, absolute or relative to `cdktf.json`.
   *
   * @default "certs"
   */
  readonly directory?: string;

  /**
   * Folder of the private halves, if it is another one; absolute or relative to `cdktf.json`.
   *
   * @default - `directory`
   */
  readonly privateKeyDirectory?: string;
}

const PROPS: Known<SigningKeyPairProps> = {
  name: true,
  algorithm: true,
  validityDays: true,
  rsaBits: true,
  directory: true,
  privateKeyDirectory: true,
};

/**
 * A key pair that signs client assertions (RFC 7523): `NAME-signing.key` and `NAME-signing.crt`.
 *
 * The first synthesis makes the private key (PKCS#8 PEM, mode 0600) and a self-signed X.509 certificate (CN = name), of
 * whatever kind the algorithm asks for. The certificate is meant to be committed and is enough to synthesize, diff and deploy anywhere; the
 * private half stays on the machine and is never part of the synthesized JSON, plan, state or log. A pair is made only
 * where neither half exists; if `CI` is set, only by `m2m up` or with `M2M_CREATE_KEYS=true`.
 *
 * Keys are rotated by `m2m keys`, which writes `NAME-signing.keys.json`, the public facts of every key, to be committed
 * as well. From then on it decides which keys Keycloak accepts; the synthesis reads it and changes nothing.
 *
 * An expired certificate is a warning, not an error: `m2m up` issues it again over the same key, where that is the only
 * one.
 *
 * @see docs/rotation.md
 */
export class SigningKeyPair extends Construct implements ISigningKey {
  /** Uses a certificate whose key was made elsewhere; `path` is relative to `cdktf.json`. */
  static fromCertificateFile(
    scope: Construct,
    id: string,
    path: string,
    options: CertificateFileOptions = {},
  ): ISigningKey {
    return new ImportedSigningKey(scope, id, path, options);
  }

  /**
   * Uses public keys alone, as a key management service gives them; `path` is relative to `cdktf.json`. The file holds one key in
   * PEM, a JWK, or a JWK set, whose first key is the active one.
   */
  static fromPublicKeyFile(
    scope: Construct,
    id: string,
    path: string,
    options: PublicKeyFileOptions = {},
  ): IPublicKeys {
    return new PublicKeyFile(scope, id, path, options);
  }

  /**
   * Lets Keycloak fetch the keys from an address of the machine (`jwks_uri`), which then rotates them by itself. Keycloak
   * fetches them again for a `kid` that it does not know, every ten seconds at most.
   */
  static fromJwksUri(scope: Construct, id: string, jwksUri: string, options: JwksUriOptions): IPublicKeys {
    return new PublishedKeys(scope, id, jwksUri, options);
  }

  readonly algorithm: SigningAlgorithm;
  readonly certificatePem: string;
  readonly certificateBase64: string;
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly notAfter: Date;
  readonly acceptedKeys: readonly AcceptedKey[];
  readonly privateKeyFile: string;

  constructor(scope: Construct, id: string, props: SigningKeyPairProps) {
    super(scope, id);
    const { name, algorithm = "RS256", validityDays = 365, rsaBits, directory = "certs" } = props;
    const { privateKeyDirectory = directory } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkName(name),
      ...checkDirectory("directory", directory),
      ...(privateKeyDirectory === directory ? [] : checkDirectory("privateKeyDirectory", privateKeyDirectory)),
      ...checkAlgorithm(algorithm),
      ...checkKeyPairRequest(algorithm, rsaBits, validityDays),
    ]);

    const files = filesOf(projectFolder(), { name, directory, privateKeyDirectory });
    failOn(this, claimKeyFiles(this, files));
    const wanted = { name, algorithm, rsaBits: rsaBits ?? 2048, validityDays };
    const real = () =>
      ensureKeyPair({
        ...wanted,
        files,
        creation: keyCreation(TerraformStack.of(this).node.id, name, kidsAround(this)),
        reissueExpired: isReissued(),
        notice: tell,
      });
    const facts = isTest(this) ? onlyKey(testKeyFacts({ ...wanted, directory })) : explained(this, real);
    this.algorithm = facts.algorithm;
    this.certificatePem = facts.pem;
    this.certificateBase64 = facts.base64;
    this.kid = facts.kid;
    this.publicJwk = facts.publicJwk;
    this.notAfter = facts.notAfter;
    this.acceptedKeys = facts.accepted.map(({ kid, algorithm, state, publicJwk }) => {
      return { kid, algorithm, state, publicJwk };
    });
    this.privateKeyFile = isAbsolute(privateKeyDirectory) ? files.key : relative(projectFolder(), files.key);
    if (!isTest(this)) this.warn(props, facts, files);
    const marker = pairMarker(this.node.addr, {
      name,
      directory,
      privateKeyDirectory,
      algorithm,
      validityDays,
      ...(rsaBits && { rsaBits }),
      kids: facts.accepted.map(({ kid }) => kid),
      revoked: facts.revoked,
    });
    TerraformStack.of(this).addOverride(...marker);
  }

  /** Warns of what is on this machine. */
  private warn({ name, validityDays }: SigningKeyPairProps, facts: PairFacts, files: PairFiles): void {
    const certificate = shown(relative(projectFolder(), files.certificate));
    warnOfExpiry(this, facts, certificate, this.remedy(name, files));
    noteOfValidity(this, validityDays, facts, certificate, `to have it now: \`m2m keys rotate ${name}\``);
    const isHere = existsSync(files.staged(facts.kid));
    if (facts.isBehind && !(switchesKeys() && isHere)) {
      const remedy = facts.holdsRevoked
        ? "it is revoked, and the next `m2m up` removes it: bring the active one there"
        : isHere
          ? `\`m2m up\` brings it there; after a deploy without m2m, run \`m2m keys activate ${name}\` again`
          : "bring it there";
      Annotations.of(this).addWarning(
        `${shown(this.privateKeyFile)} holds another key than the active one, ${facts.kid}; ${remedy}`,
      );
    }
    for (const { kid } of facts.accepted) warnOfReaders(this, kid === facts.kid ? files.key : files.staged(kid));
  }

  private remedy(name: string, files: PairFiles): string {
    const rotate = `\`m2m keys rotate ${name}\``;
    if (!existsSync(files.key)) return `rotate it where ${shown(this.privateKeyFile)} is, and not here: ${rotate}`;
    const isIssuedAgain = !isTaken(files.record) && readPrivateKeyFile(files.key, undefined) !== ENCRYPTED;
    return `rotate it: ${rotate}${isIssuedAgain ? ", or let `m2m up` issue it again over the same key" : ""}`;
  }
}

/** The keys that other pairs of the stack have read. */
function kidsAround(scope: Construct): string[] {
  const pairs = TerraformStack.of(scope)
    .node.findAll()
    .filter((node) => node instanceof SigningKeyPair);
  return pairs.flatMap((pair) => pair.acceptedKeys ?? []).map(({ kid }) => kid); // a pair at work has none yet
}
