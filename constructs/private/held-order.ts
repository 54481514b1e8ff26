import {
  Aspects,
  DefaultTokenResolver,
  type IAspect,
  StringConcat,
  TerraformDataSource,
  TerraformModule,
  TerraformResource,
  TerraformStack,
  Tokenization,
} from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { ValidationError } from "./errors";

/** What Terraform can order. */
type Ordered = TerraformResource | TerraformDataSource | TerraformModule;

/** Elements whose order is settled: an aspect comes to some of them more than once. */
const settled = new WeakSet<IConstruct>();

/**
 * Makes `node.addDependency` hold for a construct, and for those around it: cdktf itself reads it nowhere. Each resource, data
 * source and module inside gets all that the other construct holds in its `depends_on`.
 *
 * What was said may come last, so it is read at the synthesis.
 */
export function holdOrder(scope: Construct): void {
  Aspects.of(scope).add(ORDER);
}

const ORDER: IAspect = {
  visit(element: IConstruct): void {
    if (!isOrdered(element) || settled.has(element)) return;
    settled.add(element);
    const before = element.node.scopes.flatMap((scope) => {
      const all = scope.node.dependencies.flatMap((dependency) => elementsOf(scope, dependency));
      return all.filter((other) => !other.node.scopes.includes(scope)); // it may hold this very scope
    });
    if (before.length === 0) return;
    const known = (element.dependsOn ?? []).map((one) => nameIn(element, one));
    element.dependsOn = [...new Set([...known, ...before.map(addressOf)])];
  },
};

/** What a construct holds. One that stands for something elsewhere holds nothing, and passes on what it waits for itself. */
function elementsOf(scope: IConstruct, dependency: IConstruct, seen: readonly IConstruct[] = []): Ordered[] {
  const inside = dependency.node.findAll().filter(isOrdered);
  if (inside.length > 0) checkStack(scope, dependency);
  if (inside.length > 0 || seen.includes(dependency)) return inside;
  return dependency.node.dependencies.flatMap((next) => elementsOf(scope, next, [...seen, dependency]));
}

function isOrdered(node: IConstruct): node is Ordered {
  return (
    TerraformResource.isTerraformResource(node) ||
    TerraformDataSource.isTerraformDataSource(node) ||
    node instanceof TerraformModule
  );
}

/** What is depended on already, out of cdktf's token for it. */
function nameIn(scope: IConstruct, token: string): string {
  const resolver = new DefaultTokenResolver(new StringConcat());
  return Tokenization.resolve(token, { scope, resolver, preparing: false });
}

function addressOf(element: Ordered): string {
  if (element instanceof TerraformModule) return `module.${element.friendlyUniqueId}`;
  const address = `${element.terraformResourceType}.${element.friendlyUniqueId}`;
  return TerraformDataSource.isTerraformDataSource(element) ? `data.${address}` : address;
}

/** Terraform knows no order across states. */
function checkStack(scope: IConstruct, dependency: IConstruct): void {
  if (!dependency.node.scopes.some((around) => TerraformStack.isStack(around))) return;
  const [own, other] = [TerraformStack.of(scope), TerraformStack.of(dependency)];
  if (own === other) return;
  throw new ValidationError(
    scope,
    `\`node.addDependency\` must name a construct of the same stack, got: ${dependency.node.path} of stack ${other.node.id}; put that stack before this one by \`addDependency\` of the stack`,
  );
}
