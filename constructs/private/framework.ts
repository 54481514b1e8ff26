import { TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";

/** Where jsii, which compiles the frameworks, notes the package and the version of a class. */
const RTTI = Symbol.for("jsii.rtti");

interface Framework {
  readonly name: string;
  readonly version: string;
}

/**
 * Whether a construct stands in a stack of another framework: of cdktf or of its continuation, cdktn. Each takes the other's
 * classes for its own (`isStack` and its like say yes), and fails at the end of the synthesis in code of its own.
 */
export function foreignFramework(scope: IConstruct): string[] {
  const stack = scope.node.scopes.find((one) => TerraformStack.isStack(one));
  const got = stack && frameworkOf(stack.constructor);
  const ours = frameworkOf(TerraformStack);
  if (!got || !ours || got.name === ours.name) return [];
  return [
    `the stack must be of ${ours.name}, which this construct is made for, got: ${stack.node.path} of ${got.name} ${got.version}; import the constructs from ${got.name}-keycloak-m2m, or app and stack from ${ours.name}`,
  ];
}

/** By the framework's own class, which is the last one that a stack's is derived from. */
function frameworkOf(made: object): Framework | undefined {
  let found: Framework | undefined;
  for (let one = made; one; one = Object.getPrototypeOf(one)) {
    const { fqn = "", version = "" } = (one as { [RTTI]?: { fqn: string; version: string } })[RTTI] ?? {};
    if (fqn.endsWith(".TerraformStack")) found = { name: fqn.replace(".TerraformStack", ""), version };
  }
  return found;
}
