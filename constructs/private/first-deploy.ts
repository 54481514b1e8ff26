import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { LocalBackend, type TerraformResource, TerraformStack } from "cdktf";
import { stackFolder } from "./project";

/**
 * Is a resource known to be absent from the state of its stack? Only a state file of this machine can be looked into;
 * of one that is kept elsewhere nothing is known at synthesis.
 */
export function isNotDeployed(resource: TerraformResource): boolean {
  const stack = TerraformStack.of(resource);
  const backend = stack.node.children.find((child) => child instanceof LocalBackend);
  if (!backend) return false;
  const file = resolve(stackFolder(resource), backend.toTerraform().terraform.backend.local.path);
  const { terraformResourceType: type, friendlyUniqueId: name } = resource;
  return !resourcesIn(file).some((known) => known.type === type && known.name === name && known.instances.length > 0);
}

/**
 * Lets the plan of a resource fail, as no password is given for the first deploy. The synthesis goes on: tests and reviews of
 * the JSON need no password.
 */
export function failPlan(resource: TerraformResource, clientId: string): void {
  const message = `The state knows no client ${clientId} yet, so that Terraform cannot sign in by its key. Set KEYCLOAK_PASSWORD for the first deploy, to any password for a server that it makes; or run m2m up, which makes one.`;
  resource.addOverride("lifecycle.precondition", [
    { condition: `\${terraform.workspace == ""}`, error_message: message },
  ]);
}

interface Known {
  readonly type: string;
  readonly name: string;
  readonly instances: readonly unknown[];
}

/** A file that is empty or not there is no state yet; one that is broken is Terraform's to report. */
function resourcesIn(file: string): Known[] {
  if (!existsSync(file)) return [];
  try {
    return (JSON.parse(readFileSync(file, "utf8") || "{}") as { resources?: Known[] }).resources ?? [];
  } catch {
    return [];
  }
}
