import { TerraformStack, TerraformVariable } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { KeycloakProvider, type KeycloakProviderConfig } from "../../.gen/providers/keycloak/provider";
import { keycloakProviderSource } from "../contract/sources";
import type { SigningAlgorithm } from "../keys/algorithms";
import { ValidationError } from "./errors";
import { fromStackFolder } from "./project";

export const DEFAULT_ADMIN_USERNAME = "admin";
/** The article's password, for a developer's machine. */
export const DEFAULT_ADMIN_PASSWORD = "change_me";
/** What Keycloak providers read by themselves; unlike `TF_VAR_…`, the cdktf CLI lets the synthesis see them as well. */
export const PROVIDER_VARIABLES = { username: "KEYCLOAK_USER", password: "KEYCLOAK_PASSWORD" } as const;

/** A client that signs in in the administrator's place. */
export interface Deployer {
  readonly clientId: string;
  readonly algorithm: SigningAlgorithm;
  /** Relative to `cdktf.json`. */
  readonly keyFile: string;
  /** Where its client is declared. */
  readonly stack: TerraformStack;
  /** Where the server is, if it is declared as well: what is before its deployer's stack cannot be after it. */
  readonly serverStack: TerraformStack | undefined;
}

/** What a server does besides, as its administrator's provider changes. */
interface Reactions {
  /** A provider was made, in whatever stack. */
  readonly made?: () => void;
  /** A deployer was declared. */
  readonly delegated?: () => void;
}

const ofServers = new WeakMap<object, AdminProvider>();

/**
 * The Keycloak provider of one server: one in each stack that declares something on it, since providers do not cross
 * stacks. Each signs in as the administrator given by two variables of its stack, `PREFIX_admin_username` and
 * `PREFIX_admin_password`; where a deployer is declared and no password is given, as the deployer by its key.
 */
export class AdminProvider {
  /** That of a server which this package declares. */
  static ofServer(server: object): AdminProvider | undefined {
    return ofServers.get(server);
  }

  private readonly perStack = new Map<TerraformStack, KeycloakProvider>();
  private readonly variablesMade = new Set<TerraformVariable>();
  private deployer?: Deployer;

  constructor(
    private readonly server: Construct,
    private readonly prefix: string,
    private readonly url: string,
    private readonly own?: KeycloakProvider,
    private readonly reactions: Reactions = {},
  ) {
    if (own) this.perStack.set(TerraformStack.of(own), own);
    ofServers.set(server, this);
  }

  /** Its owner's, so that nothing here says how it signs in. */
  get isForeign(): boolean {
    return this.own !== undefined;
  }

  get isDelegated(): boolean {
    return this.deployer !== undefined;
  }

  /** A given password wins: it is the first deploy's, or the way back in. */
  get signsInByKey(): boolean {
    return this.isDelegated && !this.passwordIsGiven();
  }

  of(scope: Construct): KeycloakProvider {
    const stack = TerraformStack.of(scope);
    const provider = this.perStack.get(stack) ?? this.make(stack);
    this.perStack.set(stack, provider);
    this.orderBehindDeployer(stack);
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

  /** Lets a deployer sign in, also by the providers that were made before. */
  delegate(deployer: Deployer): void {
    this.deployer = deployer;
    for (const variable of this.variablesMade) this.adapt(variable);
    if (this.signsInByKey) {
      for (const [stack, provider] of this.perStack) Object.assign(provider, this.byKey(stack));
    }
    for (const stack of this.perStack.keys()) this.orderBehindDeployer(stack);
    this.reactions.delegated?.();
  }

  /** Whether something of the server is declared in a stack. */
  isUsedIn(stack: TerraformStack): boolean {
    return this.perStack.has(stack);
  }

  /** A stack that signs in as the deployer is deployed after that one's and, what counts more, destroyed before it. */
  private orderBehindDeployer(stack: TerraformStack): void {
    const { stack: first, serverStack } = this.deployer ?? {};
    if (!first || stack === first || stack === serverStack) return;
    if (first.dependsOn(stack)) throw new ValidationError(first, this.wrongOrder(first, stack));
    stack.addDependency(first);
  }

  private wrongOrder(first: TerraformStack, stack: TerraformStack): string {
    return `stack ${first.node.id}, in which a DeployerClient is, must come before every stack that declares something on its server (${this.url}), got: after ${stack.node.id}; have it depend on that stack no more, or declare the deployer there`;
  }

  private make(stack: TerraformStack): KeycloakProvider {
    const home = TerraformStack.of(this.server) === stack ? this.server : stack;
    const alias = this.alias();
    const idPrefix = home === stack ? alias : "";
    this.reactions.made?.();
    return new KeycloakProvider(home, `${idPrefix}Provider`, {
      alias,
      url: this.url,
      ...(this.signsInByKey ? this.byKey(stack) : this.byPassword(home, idPrefix)),
      // A first plan must not need the server that this very plan brings up.
      initialLogin: false,
    });
  }

  private byPassword(home: Construct, idPrefix: string): Partial<KeycloakProviderConfig> {
    const { username, password } = this.variables(home, idPrefix);
    return { clientId: "admin-cli", username: username.stringValue, password: password.stringValue };
  }

  /** Terraform reads the key file itself, so that it is in neither JSON, state nor plan. */
  private byKey(stack: TerraformStack): Partial<KeycloakProviderConfig> {
    const { clientId, algorithm, keyFile } = this.deployer!;
    return {
      clientId,
      // Empty, not absent: the provider would else take KEYCLOAK_USER and KEYCLOAK_PASSWORD, which win over a key.
      username: "",
      password: "",
      jwtSigningAlg: algorithm,
      jwtSigningKey: `\${file(${JSON.stringify(fromStackFolder(stack, keyFile))})}`,
    };
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
    this.variablesMade.add(variable);
    this.adapt(variable);
    return variable;
  }

  /** Beside a deployer nobody has the default password, and whoever signs in by the key needs no variable. */
  private adapt(variable: TerraformVariable): void {
    if (this.signsInByKey) (variable.node.scope as IConstruct).node.tryRemoveChild(variable.node.id);
    else if (this.isDelegated && variable.sensitive) variable.addOverride("default", null);
  }

  private passwordIsGiven(): boolean {
    const byTerraform = process.env[`TF_VAR_${this.prefix}_admin_password`];
    return byTerraform !== undefined || Boolean(process.env[PROVIDER_VARIABLES.password]);
  }
}
