import { TerraformStack, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import { KeycloakProvider } from "../../.gen/providers/keycloak/provider";
import { keycloakProviderSource } from "../sources";

export const DEFAULT_ADMIN_USERNAME = "admin";
/** The article's password, for a developer's machine. */
export const DEFAULT_ADMIN_PASSWORD = "change_me";
/** What Keycloak providers read by themselves; unlike `TF_VAR_…`, the cdktf CLI lets the synthesis see them as well. */
export const PROVIDER_VARIABLES = { username: "KEYCLOAK_USER", password: "KEYCLOAK_PASSWORD" } as const;

/**
 * The Keycloak provider of one server: one in each stack that declares something on it, since providers do not cross
 * stacks. Each signs in as the administrator given by two variables of its stack, `PREFIX_admin_username` and
 * `PREFIX_admin_password`.
 */
export class AdminProvider {
  private readonly perStack = new Map<TerraformStack, KeycloakProvider>();

  constructor(
    private readonly server: Construct,
    private readonly prefix: string,
    private readonly url: string,
    own?: KeycloakProvider,
    /** Called whenever a provider is made, in whatever stack. */
    private readonly whenMade: () => void = () => undefined,
  ) {
    if (own) this.perStack.set(TerraformStack.of(own), own);
  }

  of(scope: Construct): KeycloakProvider {
    const stack = TerraformStack.of(scope);
    const provider = this.perStack.get(stack) ?? this.make(stack);
    this.perStack.set(stack, provider);
    // A fork, under another address, stays what its owner chose.
    if (/^(registry\.[a-z.]+\/)?keycloak\/keycloak$/.test(provider.terraformProviderSource ?? "")) {
      stack.addOverride(`terraform.required_providers.${provider.terraformResourceType}`, keycloakProviderSource());
    }
    return provider;
  }

  /** The variables that the administrator of this server is given by, in the stack of `home`. */
  variables(home: Construct, idPrefix = ""): { username: TerraformVariable; password: TerraformVariable } {
    return {
      username: this.variable(home, `${idPrefix}AdminUsername`, "username", DEFAULT_ADMIN_USERNAME),
      password: this.variable(home, `${idPrefix}AdminPassword`, "password", DEFAULT_ADMIN_PASSWORD),
    };
  }

  private make(stack: TerraformStack): KeycloakProvider {
    const home = TerraformStack.of(this.server) === stack ? this.server : stack;
    const alias = this.alias();
    const idPrefix = home === stack ? alias : "";
    this.whenMade();
    const { username, password } = this.variables(home, idPrefix);
    return new KeycloakProvider(home, `${idPrefix}Provider`, {
      alias,
      url: this.url,
      clientId: "admin-cli",
      username: username.stringValue,
      password: password.stringValue,
      // A first plan must not need the server that this very plan brings up.
      initialLogin: false,
    });
  }

  /** The server's path in its stack, which is its id where it stands in the stack itself, as Terraform takes a name. */
  private alias(): string {
    const path = this.server.node.path.slice(TerraformStack.of(this.server).node.path.length + 1);
    return path.replaceAll(/[^A-Za-z0-9_-]/g, "_").replace(/^(?![A-Za-z_])/, "_");
  }

  private variable(home: Construct, id: string, what: "username" | "password", fallback: string): TerraformVariable {
    const declared = home.node.tryFindChild(id);
    if (declared) return declared as TerraformVariable;
    const variable = new TerraformVariable(home, id, {
      type: "string",
      default: fallback,
      sensitive: what === "password",
      description: `Keycloak administrator's ${what} (${this.url})`,
    });
    variable.overrideLogicalId(`${this.prefix}_admin_${what}`);
    // Null is "not set" to the provider, which then takes its own environment variable.
    if (process.env[PROVIDER_VARIABLES[what]]) variable.addOverride("default", null);
    return variable;
  }
}
