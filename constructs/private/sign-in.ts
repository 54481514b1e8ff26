import { Lazy, type TerraformResource, TerraformStack } from "cdktf";
import type { KeycloakProviderConfig } from "../../.gen/providers/keycloak/provider";
import { isPasswordGiven, variableReference } from "../contract/first-administrator";
import { fileContent, literal } from "../contract/terraform-text";
import type { SigningAlgorithm } from "../keys/algorithms";
import { putBehind } from "./deployer-order";
import { fromStackFolder } from "./project";
import { isTest } from "./tests";

/** The client that signs in in the administrator's place. */
export interface Deployer {
  readonly clientId: string;
  readonly algorithm: SigningAlgorithm;
  /** Relative to `cdktf.json`. */
  readonly keyFile: string;
  /** Where the client is declared, unless another app declares it. */
  readonly stack?: TerraformStack;
}

/** The server that Terraform signs in to. */
export interface SignInTarget {
  readonly url: string;
  /** Start of the names of the administrator's variables. */
  readonly prefix: string;
  /** What the server runs in, if the app declares it. */
  readonly resource?: TerraformResource;
}

/** Arguments of a provider. */
type Login = Pick<KeycloakProviderConfig, "clientId" | "username" | "password" | "jwtSigningAlg" | "jwtSigningKey">;

/**
 * Who Terraform signs in to a server as: the administrator by a password, or the server's deployer by its key.
 *
 * A deployer may be declared last, so this is known only at the synthesis. Ask for it in lazy values and in aspects.
 */
export class SignIn {
  private readonly stacks = new Set<TerraformStack>();
  private deployer?: Deployer;

  constructor(readonly target: SignInTarget) {}

  /** Whether the server has a deployer. */
  get isDelegated(): boolean {
    return this.deployer !== undefined;
  }

  /**
   * A given password wins over the key: it is for the first deploy, and for a deployer that has lost its rights. One that another
   * app declares is there, and has its rights.
   */
  get isByKey(): boolean {
    if (!this.deployer) return false;
    if (!this.deployer.stack) return true;
    return isTest(this.deployer.stack) || !isPasswordGiven(this.target.prefix);
  }

  /** Lets a deployer sign in, also by the providers that were made before it. */
  delegate(deployer: Deployer): void {
    this.deployer = deployer;
    for (const stack of this.stacks) this.order(stack);
  }

  /** The arguments for a provider in a stack. */
  argumentsIn(stack: TerraformStack): Login {
    this.stacks.add(stack);
    this.order(stack);
    const lazy = (argument: keyof Login) => Lazy.stringValue({ produce: () => this.login(stack)[argument] });
    return {
      clientId: lazy("clientId"),
      username: lazy("username"),
      password: lazy("password"),
      jwtSigningAlg: lazy("jwtSigningAlg"),
      jwtSigningKey: lazy("jwtSigningKey"),
    };
  }

  /** Whether anything of the server is declared in a stack. */
  isUsedIn(stack: TerraformStack): boolean {
    return this.stacks.has(stack);
  }

  private login(stack: TerraformStack): Login {
    if (this.deployer && this.isByKey) return byKey(this.deployer, stack);
    const { prefix } = this.target;
    return {
      clientId: "admin-cli",
      username: variableReference(prefix, "username"),
      password: variableReference(prefix, "password"),
    };
  }

  /** The stack of the server itself stays before that of its deployer. */
  private order(stack: TerraformStack): void {
    const { url, resource } = this.target;
    if (!this.deployer?.stack || stack === this.deployer.stack) return;
    if (resource && stack === TerraformStack.of(resource)) return;
    putBehind(this.deployer.stack, stack, url);
  }
}

/** Terraform reads the key file itself: the key is in neither JSON, state nor plan. */
function byKey({ clientId, algorithm, keyFile }: Deployer, stack: TerraformStack): Login {
  return {
    clientId: literal(clientId),
    // Empty, not absent: the provider would else take KEYCLOAK_USER and KEYCLOAK_PASSWORD, which win over a key.
    username: "",
    password: "",
    jwtSigningAlg: algorithm,
    jwtSigningKey: fileContent(fromStackFolder(stack, keyFile)),
  };
}
