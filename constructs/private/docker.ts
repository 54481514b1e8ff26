import { DockerProvider } from "@cdktf/provider-docker/lib/provider";
import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { DOCKER } from "../sources";

/** Label of everything this package makes in Docker, so that it can be found and taken down by it. */
export const LABEL = "cdktf-keycloak-m2m";

/** The stack's Docker provider: the one it has, else one with Terraform's usual settings (`DOCKER_HOST`). */
export function dockerProvider(scope: Construct): DockerProvider {
  const stack = TerraformStack.of(scope);
  const existing = stack.node.findAll().find((node) => DockerProvider.isConstruct(node) && isDockerProvider(node));
  // The bindings pin 3.x; their resources are the same in 4.x, which can give an uploaded file an owner.
  stack.addOverride("terraform.required_providers.docker", DOCKER);
  return existing ? (existing as DockerProvider) : new DockerProvider(stack, "docker");
}

function isDockerProvider(node: unknown): boolean {
  const candidate = node as Partial<DockerProvider>;
  return candidate.terraformResourceType === "docker" && candidate.alias === undefined;
}

/** The labels of one resource, with what it is. */
export function labels(role: string): { label: string; value: string }[] {
  return [{ label: LABEL, value: role }];
}
