import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { TerraformBackend, type TerraformResource, TerraformStack } from "cdktf";
import { MOST_STATE_BYTES, readTextFile } from "../keys/read-file";
import { stackFolder } from "./project";
import { isTest } from "./tests";

/**
 * Whether the state of a resource's stack is known to lack it. Only a state file on this machine can be read at the
 * synthesis. Of a state that is kept elsewhere nothing is known.
 */
export function isNotDeployed(resource: TerraformResource): boolean {
  if (isTest(resource)) return false; // a snapshot shows what every deploy but the first one does
  const stack = TerraformStack.of(resource);
  const backend = stack.node.children.find((child) => TerraformBackend.isBackend(child));
  const path: string | undefined = backend?.toTerraform().terraform.backend?.local?.path;
  if (path === undefined) return false;
  const file = resolve(stackFolder(resource), path);
  const { terraformResourceType: type, friendlyUniqueId: name } = resource;
  return !resourcesIn(file).some((known) => known.type === type && known.name === name && known.instances.length > 0);
}

/**
 * Makes the plan of a resource fail, because the first deploy has no password. The synthesis does not fail: tests and reviews
 * of the JSON need no password.
 */
export function failPlan(resource: TerraformResource, clientId: string): void {
  const message = `The state has no client ${clientId} yet, so Terraform cannot sign in by its key. Set KEYCLOAK_PASSWORD for the first deploy: to the administrator's password, or to any password if this deploy makes the server. Or run m2m up, which makes a password.`;
  resource.addOverride("lifecycle.precondition", [
    { condition: `\${terraform.workspace == ""}`, error_message: message },
  ]);
}

interface Known {
  readonly type: string;
  readonly name: string;
  readonly instances: readonly unknown[];
}

/** An empty or missing file is no state yet. Terraform reports a broken one. */
function resourcesIn(file: string): Known[] {
  if (!existsSync(file)) return [];
  try {
    return (
      (JSON.parse(readTextFile(file, { mostBytes: MOST_STATE_BYTES }) || "{}") as { resources?: Known[] }).resources ??
      []
    );
  } catch {
    return [];
  }
}
