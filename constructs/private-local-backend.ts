import { chmodSync, closeSync, existsSync, openSync } from "node:fs";
import { resolve } from "node:path";
import { LocalBackend, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { projectFolder, stateFileName } from "./contract/project-files";
import { failOn } from "./private/errors";
import { fromStackFolder } from "./private/project";
import { isTest } from "./private/tests";

/**
 * Keeps a stack's state beside `cdktf.json`, as `terraform.STACK.tfstate`, readable by its owner alone.
 *
 * Terraform writes state files that everybody can read, but keeps the mode of an existing file. So this construct first
 * puts an empty file of mode 0600 there, which Terraform takes for no state. The path in the JSON is relative: a checkout
 * elsewhere gives the same JSON.
 */
export class PrivateLocalBackend extends LocalBackend {
  constructor(scope: Construct) {
    failOn(scope, []);
    const name = stateFileName(TerraformStack.of(scope).node.id);
    super(scope, { path: fromStackFolder(scope, name) });
    if (isTest(this)) return;
    for (const file of [name, `${name}.backup`]) keepPrivate(resolve(projectFolder(), file));
  }
}

function keepPrivate(path: string): void {
  if (existsSync(path)) chmodSync(path, 0o600);
  else closeSync(openSync(path, "ax", 0o600));
}
