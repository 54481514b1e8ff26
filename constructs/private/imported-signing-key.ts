import { dirname, resolve } from "node:path";
import { Construct } from "constructs";
import type { AcceptedKey } from "../contract/client-keys";
import { projectFolder } from "../contract/project-files";
import type { SigningAlgorithm } from "../keys/algorithms";
import { readCertificate } from "../keys/certificate";
import { KeyError } from "../keys/errors";
import { readPublicFile } from "../keys/key-files";
import { shown, shownPart } from "../keys/shown";
import type { CertificateFileOptions, ISigningKey } from "../signing-key";
import { checkKnown } from "./checks";
import { failOn, ValidationError } from "./errors";
import { checkAlgorithm, explained, warnOfExpiry } from "./key-reading";

/** The public half of a key made elsewhere. */
export class ImportedSigningKey extends Construct implements ISigningKey {
  readonly algorithm: SigningAlgorithm;
  readonly certificatePem: string;
  readonly certificateBase64: string;
  readonly kid: string;
  readonly publicJwk: Readonly<Record<string, string>>;
  readonly notAfter: Date;
  readonly acceptedKeys: readonly AcceptedKey[];

  constructor(
    scope: Construct,
    id: string,
    private readonly path: string,
    options: CertificateFileOptions,
  ) {
    super(scope, id);
    const { algorithm } = options;
    failOn(this, [
      ...checkKnown(options, { algorithm: true }),
      ...(algorithm === undefined ? [] : checkAlgorithm(algorithm)),
    ]);
    const facts = explained(this, () => {
      const pem = readPublicFile(resolve(projectFolder(), path));
      if (pem === undefined) {
        throw new KeyError(
          "KEY_UNREADABLE",
          `${shown(path)} must be a certificate in PEM, got: no such file in ${shownPart(dirname(path), path)}`,
        );
      }
      return readCertificate(pem, shown(path), { algorithm });
    });
    this.algorithm = facts.algorithm;
    this.certificatePem = facts.pem;
    this.certificateBase64 = facts.base64;
    this.kid = facts.kid;
    this.publicJwk = facts.publicJwk;
    this.notAfter = facts.notAfter;
    const { kid, publicJwk } = facts;
    this.acceptedKeys = [{ kid, algorithm: facts.algorithm, state: "active", publicJwk }];
    warnOfExpiry(this, facts, shown(path), "have it issued again where it was made");
  }

  get privateKeyFile(): string {
    throw new ValidationError(
      this,
      `the private half of ${shown(this.path)} is not known here; only SigningKeyPair has a \`privateKeyFile\``,
    );
  }
}
