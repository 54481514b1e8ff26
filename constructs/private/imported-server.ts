import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Construct, type IDependable } from "constructs";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { projectFolder } from "../contract/project-files";
import { shown } from "../keys/shown";
import type { DeployerAttributes, IKeycloakServer, KeycloakServerAttributes } from "../server";
import type { ICertificateAuthority } from "../tls";
import { check, checkKnown, checkUrl, type Known } from "./checks";
import { claim } from "./claims";
import { checkClientId } from "./client-checks";
import { checkSignInAlgorithm, warnOfMissingKey } from "./deployer-checks";
import { failOn } from "./errors";
import { waitWith } from "./held-order";
import { checkAlgorithm } from "./key-reading";
import { KeycloakProviders } from "./keycloak-providers";
import { SignIn } from "./sign-in";
import { isTest } from "./tests";

const ATTRIBUTES: Known<KeycloakServerAttributes> = {
  url: true,
  issuerBase: true,
  authority: true,
  terraformCertificate: true,
  deployer: true,
  provider: true,
};

/** A server that exists. */
export class ImportedKeycloakServer extends Construct implements IKeycloakServer {
  readonly url: string;
  readonly issuerBase: string;
  readonly authority?: ICertificateAuthority;
  readonly _signIn?: SignIn;
  private readonly providers: KeycloakProviders;

  constructor(scope: Construct, id: string, attributes: KeycloakServerAttributes) {
    super(scope, id);
    const { url, issuerBase, authority, terraformCertificate: terraform, deployer, provider } = attributes;
    failOn(this, [
      ...checkKnown(attributes, ATTRIBUTES),
      ...checkUrl("url", url),
      ...(issuerBase === undefined ? [] : checkUrl("issuerBase", issuerBase)),
      ...(url.startsWith("http:") && (authority || terraform)
        ? [`\`authority\` and \`terraformCertificate\` need an https \`url\`, got: ${shown(url)}`]
        : []),
      ...(terraform?.usage === "server"
        ? ['`terraformCertificate` must be of usage "client" or "peer", got: "server"']
        : []),
      ...(issuerBase?.startsWith("http:") && url.startsWith("https:")
        ? [
            `\`issuerBase\` must be https beside an https \`url\`, got: ${shown(issuerBase)}; tokens and keys would travel in plain text`,
          ]
        : []),
      ...(deployer ? checkDeployer(this, deployer, provider) : []),
    ]);
    this.url = url;
    this.issuerBase = issuerBase ?? url;
    this.authority = authority;
    const signIn = new SignIn({ url, prefix: variablePrefix(id) });
    this.providers = new KeycloakProviders(this, signIn, { authority, terraform }, provider);
    if (!provider) this._signIn = signIn;
    if (!deployer) return;
    const { clientId, privateKeyFile: keyFile, algorithm = "RS256" } = deployer;
    signIn.delegate({ clientId, algorithm, keyFile });
    claim(this, `${new URL(url).href} deployer`);
    if (!isTest(this) && !existsSync(resolve(projectFolder(), keyFile))) warnOfMissingKey(this, clientId, keyFile);
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    return this.providers.of(scope);
  }

  dependencies(scope: Construct): IDependable[] {
    waitWith(scope, this);
    return [];
  }
}

/** What would make Terraform's sign-in fail. */
function checkDeployer(scope: Construct, deployer: DeployerAttributes, provider?: KeycloakProvider): string[] {
  const { clientId, privateKeyFile, algorithm = "RS256" } = deployer;
  const isPath = (path: unknown) => typeof path === "string" && path !== "";
  return [
    ...checkKnown(deployer, { clientId: true, privateKeyFile: true, algorithm: true }),
    ...checkClientId(clientId),
    ...check("privateKeyFile", privateKeyFile, isPath, "must be the path of a private key"),
    ...checkAlgorithm(algorithm),
    ...checkSignInAlgorithm(scope, algorithm),
    ...(provider ? ["`deployer` and `provider` both say how Terraform signs in, got: both; leave one out"] : []),
  ];
}

/** An id as part of Terraform's names, which do not begin with a digit. */
function variablePrefix(id: string): string {
  const name = id.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return name.replace(/^(?![a-z_])/, "_");
}
