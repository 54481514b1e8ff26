import { resolve } from "node:path";
import { Construct } from "constructs";
import type { AcceptedKey } from "../contract/client-keys";
import { projectFolder } from "../contract/project-files";
import type { SigningAlgorithm } from "../keys/algorithms";
import { KeyError } from "../keys/errors";
import { readPublicFile } from "../keys/key-files";
import { readPublicKeys } from "../keys/public-keys";
import { shown } from "../keys/shown";
import type { IPublicKeys, JwksUriOptions, PublicKeyFileOptions } from "../signing-key";
import { checkKnown, checkOrToken } from "./checks";
import { failOn } from "./errors";
import { checkAlgorithm, explained } from "./key-reading";

/** Public keys of a file, without a certificate. */
export class PublicKeyFile extends Construct implements IPublicKeys {
  readonly algorithm: SigningAlgorithm;
  readonly acceptedKeys: readonly AcceptedKey[];

  constructor(scope: Construct, id: string, path: string, options: PublicKeyFileOptions) {
    super(scope, id);
    const { algorithm } = options;
    failOn(this, [
      ...checkKnown(options, { algorithm: true }),
      ...(algorithm === undefined ? [] : checkAlgorithm(algorithm)),
    ]);
    const keys = explained(this, () => {
      const text = readPublicFile(resolve(projectFolder(), path));
      if (text !== undefined) return readPublicKeys(text, shown(path), algorithm);
      throw new KeyError("KEY_UNREADABLE", `${shown(path)} must hold a public key, got: no such file`);
    });
    this.algorithm = keys[0]!.algorithm;
    this.acceptedKeys = keys.map((key, index) => ({ ...key, state: index === 0 ? "active" : "retiring" }));
  }
}

/** Public keys that the machine publishes itself, where Keycloak fetches them. */
export class PublishedKeys extends Construct implements IPublicKeys {
  readonly algorithm: SigningAlgorithm;
  readonly acceptedKeys: readonly AcceptedKey[] = [];

  constructor(
    scope: Construct,
    id: string,
    readonly jwksUri: string,
    options: JwksUriOptions,
  ) {
    super(scope, id);
    const { algorithm, allowInsecureHttp = false } = options;
    const rule = allowInsecureHttp
      ? "must be an http or https address without user, password and fragment"
      : "must be an https address without user, password and fragment; whoever answers in its place signs as the machine, so set `allowInsecureHttp` for a developer's machine only";
    failOn(this, [
      ...checkKnown(options, { algorithm: true, allowInsecureHttp: true }),
      ...checkAlgorithm(algorithm),
      ...checkOrToken("jwksUri", jwksUri, (uri) => isAddress(uri, allowInsecureHttp), rule),
    ]);
    this.algorithm = algorithm;
  }
}

function isAddress(uri: string, mayBeHttp: boolean): boolean {
  if (typeof uri !== "string" || /[\s#{}]/.test(uri) || !URL.canParse(uri)) return false;
  const { protocol, username, password } = new URL(uri);
  return username === "" && password === "" && (protocol === "https:" || (mayBeHttp && protocol === "http:"));
}
