import { type IAspect, TerraformResource, type TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { Realm as RealmResource } from "../../.gen/providers/keycloak/realm";
import { ValidationError } from "./errors";

/** Rights of a deployer, in the order in which it needs them. */
export interface Rights {
  /** The client itself and its rights in master: a realm made by it needs them. */
  readonly inMaster: readonly TerraformResource[];
  /** Its rights in realms, given after those in master: all that is in realms needs these. */
  readonly inRealms: readonly TerraformResource[];
}

/**
 * Lets everything of one server wait for the rights of its deployer, whatever was declared first.
 *
 * It is the way back that counts. Terraform destroys in the reverse order: what is in the realms, the rights there, the
 * realms, the rights in master, the client. What is taken last is taken with an access token that still carries the rights,
 * since Keycloak looks at the token.
 */
export class AfterRights implements IAspect {
  private readonly done = new Set<IConstruct>();

  constructor(
    private readonly deployer: IConstruct,
    private readonly provider: TerraformResource["provider"],
    private readonly rights: Rights,
  ) {}

  visit(node: IConstruct): void {
    if (!(node instanceof TerraformResource) || node.provider !== this.provider || this.done.has(node)) return;
    if (node.node.scopes.includes(this.deployer)) return;
    this.done.add(node);
    const { inMaster, inRealms } = this.rights;
    const needed = node instanceof RealmResource ? inMaster : inRealms;
    node.dependsOn = [...(node.dependsOn ?? []), ...needed.map(addressOf)];
  }
}

/**
 * Has a stack that signs in to a server as its deployer deployed after the deployer's stack and, what counts more, destroyed
 * before it.
 */
export function putBehind(deployers: TerraformStack, stack: TerraformStack, url: string): void {
  if (!deployers.dependsOn(stack)) {
    stack.addDependency(deployers);
    return;
  }
  throw new ValidationError(
    deployers,
    `stack ${deployers.node.id}, in which a DeployerClient is, must come before every stack that declares something on its server (${url}), got: after ${stack.node.id}; have it depend on that stack no more, or declare the deployer there`,
  );
}

/** As an expression names it. */
export function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
