import { TerraformStack } from "cdktf";
import type { IConstruct } from "constructs";

/** Where jsii, which compiles the frameworks, notes the package and the version of a class. */
const RTTI = Symbol.for("jsii.rtti");

interface Framework {
  readonly name: string;
  readonly version: string;
}

/**
 * Whether a construct stands in a stack of another framework (of cdktf or of its continuation, cdktn), or of another copy of
 * the same one. All of them take each other's classes for their own: `isStack` and its like say yes. But two frameworks fail
 * in code of their own, and two copies silently lose what aspects and references between constructs would have done.
 */
export function foreignFramework(scope: IConstruct): string[] {
  const stack = scope.node.scopes.find((one): boolean => TerraformStack.isStack(one));
  if (!stack || stack instanceof TerraformStack) return [];
  const [ours, got] = [frameworkOf(TerraformStack), frameworkOf(stack.constructor)];
  const [at, is] = [stack.node.path, `${got.name} ${got.version}`];
  if (ours.name === got.name) {
    return [
      `the stack must be of the copy of ${ours.name} that this construct uses, got: ${at} of another copy, ${is}; keep one: \`npm ls ${ours.name}\` shows who brings which`,
    ];
  }
  return [
    `the stack must be of ${ours.name}, which this construct is made for, got: ${at} of ${is}; import the constructs from ${got.name}-keycloak-m2m, or app and stack from ${ours.name}`,
  ];
}

/** By the framework's own class, which is the last one that a stack's is derived from. */
function frameworkOf(made: object): Framework {
  let found: Framework = { name: "a framework", version: "without a name" };
  for (let one = made; one; one = Object.getPrototypeOf(one)) {
    const { fqn = "", version = "" } = (one as { [RTTI]?: { fqn: string; version: string } })[RTTI] ?? {};
    if (fqn.endsWith(".TerraformStack")) found = { name: fqn.replace(".TerraformStack", ""), version };
  }
  return found;
}
