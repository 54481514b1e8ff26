import { Construct, type IDependable } from "constructs";
import type { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { shown } from "../keys/shown";
import type { IKeycloakServer, KeycloakServerAttributes } from "../server";
import type { ICertificateAuthority } from "../tls";
import { checkKnown, checkUrl, type Known } from "./checks";
import { failOn } from "./errors";
import { waitWith } from "./held-order";
import { KeycloakProviders } from "./keycloak-providers";
import { SignIn } from "./sign-in";

const ATTRIBUTES: Known<KeycloakServerAttributes> = {
  url: true,
  issuerBase: true,
  authority: true,
  terraformCertificate: true,
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
    const { url, issuerBase, authority, terraformCertificate: terraform, provider } = attributes;
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
    ]);
    this.url = url;
    this.issuerBase = issuerBase ?? url;
    this.authority = authority;
    const signIn = new SignIn({ url, prefix: variablePrefix(id) });
    this.providers = new KeycloakProviders(this, signIn, { authority, terraform }, provider);
    if (!provider) this._signIn = signIn;
  }

  keycloakProvider(scope: Construct): KeycloakProvider {
    return this.providers.of(scope);
  }

  dependencies(scope: Construct): IDependable[] {
    waitWith(scope, this);
    return [];
  }
}

/** An id as part of Terraform's names, which do not begin with a digit. */
function variablePrefix(id: string): string {
  const name = id.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_");
  return name.replace(/^(?![a-z_])/, "_");
}
