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

/** What a scope refers to that stands for something elsewhere, such as a realm that another configuration declares. */
const referred = new WeakMap<IConstruct, Set<IConstruct>>();

/**
 * Makes `node.addDependency` hold for a construct, and for those around it: cdktf itself reads it nowhere. Each resource, data
 * source and module inside gets all that the other construct holds in its `depends_on`.
 *
 * What was said may come last, so it is read at the synthesis.
 */
export function holdOrder(scope: Construct): void {
  Aspects.of(scope).add(ORDER);
}

/** Has a scope wait for what something waits for that it refers to, and not for what others declare below that. */
export function waitWith(scope: IConstruct, reference: IConstruct): void {
  referred.set(scope, (referred.get(scope) ?? new Set()).add(reference));
}

const ORDER: IAspect = {
  visit(element: IConstruct): void {
    if (!isOrdered(element)) return;
    const before = element.node.scopes.flatMap((scope) => {
      const all = [...said(scope, element), ...passedOn(scope, element)];
      return all.filter((other) => !other.node.scopes.includes(scope)); // it may hold this very scope
    });
    if (before.length === 0) return;
    const known = (element.dependsOn ?? []).map((one) => nameIn(element, one));
    element.dependsOn = [...new Set([...known, ...before.map(addressOf)])];
  },
};

/** What a scope itself is said to wait for. */
function said(scope: IConstruct, element: Ordered): Ordered[] {
  const all = scope.node.dependencies.flatMap((dependency) => elementsOf(dependency));
  for (const other of all) checkStack(scope, element, other);
  return all;
}

/** What references of a scope wait for. In another stack, the stacks' own order has to do. */
function passedOn(scope: IConstruct, element: Ordered): Ordered[] {
  const all = [...(referred.get(scope) ?? [])]
    .flatMap(({ node }) => node.dependencies)
    .flatMap((one) => elementsOf(one));
  return all.filter((other) => TerraformStack.of(other) === TerraformStack.of(element));
}

/** What a construct holds. One that stands for something elsewhere holds nothing, and passes on what it waits for itself. */
function elementsOf(dependency: IConstruct, seen: readonly IConstruct[] = []): Ordered[] {
  const inside = dependency.node.findAll().filter(isOrdered);
  if (inside.length > 0 || seen.includes(dependency)) return inside;
  return dependency.node.dependencies.flatMap((next) => elementsOf(next, [...seen, dependency]));
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
function checkStack(scope: IConstruct, element: Ordered, other: Ordered): void {
  const [own, its] = [TerraformStack.of(element), TerraformStack.of(other)];
  if (own === its) return;
  throw new ValidationError(
    scope,
    `\`node.addDependency\` must name a construct of the same stack, got: ${other.node.path} of stack ${its.node.id}; put that stack before this one by \`addDependency\` of the stack`,
  );
}
