import { type IAspect, TerraformResource, type TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";
import { ValidationError } from "./errors";

/** A deployer's rights, in the order in which it needs them. */
export interface Rights {
  /** The client itself and its rights in master, which it needs to make a realm. */
  readonly inMaster: readonly TerraformResource[];
  /** Its rights in realms, which it needs for everything in them. It gets these after those in master. */
  readonly inRealms: readonly TerraformResource[];
}

/**
 * Makes everything on a server depend on the rights of its deployer, whatever was declared first.
 *
 * The order counts when Terraform destroys, in reverse: first what is in the realms, then the rights there, the realms, the
 * rights in master, and the client. For the last of these the deployer has no right any more. Its access token still carries
 * the rights, and Keycloak looks at the token.
 */
export class AfterRights implements IAspect {
  private readonly done = new Set<IConstruct>();

  constructor(
    private readonly deployer: IConstruct,
    private readonly provider: TerraformResource["provider"],
    private readonly rights: Rights,
  ) {}

  visit(node: IConstruct): void {
    if (!TerraformResource.isTerraformResource(node) || node.provider !== this.provider || this.done.has(node)) return;
    if (node.node.scopes.includes(this.deployer)) return;
    this.done.add(node);
    const { inMaster, inRealms } = this.rights;
    const needed = node.terraformResourceType === "keycloak_realm" ? inMaster : inRealms;
    node.dependsOn = [...(node.dependsOn ?? []), ...needed.map(addressOf)];
  }
}

/** Makes a stack that signs in as a deployer depend on the deployer's stack, which is then destroyed after it. */
export function putBehind(deployers: TerraformStack, stack: TerraformStack, url: string): void {
  if (!deployers.dependsOn(stack)) {
    stack.addDependency(deployers);
    return;
  }
  throw new ValidationError(
    deployers,
    `stack ${deployers.node.id} has a DeployerClient, so it must come before every stack that declares something on its server (${url}), got: ${deployers.node.id} depends on ${stack.node.id}; remove that dependency, or declare the DeployerClient in ${stack.node.id}`,
  );
}

/** The name of a resource in an expression. */
export function addressOf(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}
