import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { keycloakProviderSource } from "../contract/sources";
import { declareAdminVariables } from "./admin-variables";
import { providerTls, type TerraformTls } from "./provider-tls";
import type { SignIn } from "./sign-in";
import { sourcesOf } from "./tests";

/**
 * For one request, in seconds. A busy server takes long to create a realm. If the provider gives up before, it does not
 * know of the realm, and every later deploy finds that it exists already. The provider's own default is 15.
 */
const CLIENT_TIMEOUT = 60;

/**
 * The Keycloak providers of one server: one in each stack that declares something on it, since providers do not cross
 * stacks.
 */
export class KeycloakProviders {
  private readonly perStack = new Map<TerraformStack, KeycloakProvider>();

  /** @param own the user's, for its stack */
  constructor(
    private readonly server: Construct,
    private readonly signIn: SignIn,
    private readonly tls: TerraformTls,
    own?: KeycloakProvider,
  ) {
    if (own) this.perStack.set(TerraformStack.of(own), own);
  }

  /** The provider in the stack of a scope. */
  of(scope: Construct): KeycloakProvider {
    const stack = TerraformStack.of(scope);
    const provider = this.perStack.get(stack) ?? this.make(stack);
    this.perStack.set(stack, provider);
    settleAddress(stack, provider);
    return provider;
  }

  private make(stack: TerraformStack): KeycloakProvider {
    const alias = aliasOf(this.server);
    const isBesideServer = TerraformStack.of(this.server) === stack;
    const [home, idPrefix] = isBesideServer ? [this.server, ""] : [stack, alias];
    declareAdminVariables(home, this.signIn, idPrefix);
    return new KeycloakProvider(home, `${idPrefix}Provider`, {
      alias,
      url: this.signIn.target.url,
      ...this.signIn.argumentsIn(stack),
      ...providerTls(this.tls, stack),
      // A first plan must not need the server that this very plan brings up.
      initialLogin: false,
      clientTimeout: CLIENT_TIMEOUT,
    });
  }
}

/** The server's path in its stack, which is its id where it stands in the stack itself, as Terraform takes a name. */
function aliasOf(server: Construct): string {
  const path = server.node.path.slice(TerraformStack.of(server).node.path.length + 1);
  return path.replaceAll(/[^A-Za-z0-9_-]/g, "_").replace(/^(?![A-Za-z_])/, "_");
}

/** The official provider, or the embedded one if the project has settled on it. A fork stays what its owner chose. */
function settleAddress(
  stack: TerraformStack,
  { terraformProviderSource, terraformResourceType }: KeycloakProvider,
): void {
  if (!/^(registry\.[a-z.]+\/)?keycloak\/keycloak$/.test(terraformProviderSource ?? "")) return;
  stack.addOverride(`terraform.required_providers.${terraformResourceType}`, keycloakProviderSource(sourcesOf(stack)));
}
