import { TerraformResource } from "cdktf";

/** Whether something is a resource of a type, whosever bindings and whichever copy of the framework made it. */
export function isOfType<T extends TerraformResource>(
  node: unknown,
  binding: { readonly tfResourceType: string; readonly prototype: T },
): node is T {
  return TerraformResource.isTerraformResource(node) && node.terraformResourceType === binding.tfResourceType;
}
