import { TerraformProvider, TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { DockerProvider } from "../../.gen/providers/docker/provider";
import { DOCKER } from "../contract/sources";

/** No id that a user's own provider would have; it reaches no address and no JSON. */
const PROVIDER_ID = "cdktf-keycloak-m2m-docker";

/** The stack's Docker provider: the one it has, else one with Terraform's usual settings (`DOCKER_HOST`). */
export function dockerProvider(scope: Construct): DockerProvider {
  const stack = TerraformStack.of(scope);
  // Bindings of the user may pin 3.x, whose resources are the same in 4.x, which can give an uploaded file an owner.
  stack.addOverride("terraform.required_providers.docker", DOCKER);
  const [existing] = defaultProviders(stack);
  if (existing) return existing;
  const made = new DockerProvider(stack, PROVIDER_ID);
  made.node.addValidation({
    validate: () =>
      defaultProviders(stack)
        .filter((one) => one !== made)
        .map(cameLate),
  });
  return made;
}

/** Whosever bindings they were made with: `@cdktf/provider-docker`, or those of `cdktf get`. */
function defaultProviders(stack: TerraformStack): DockerProvider[] {
  return stack.node.findAll().filter((node): node is DockerProvider => {
    const isDocker = TerraformProvider.isTerraformProvider(node) && node.terraformResourceType === "docker";
    return isDocker && node.alias === undefined;
  });
}

function cameLate(provider: DockerProvider): string {
  return `the DockerProvider ${provider.node.path} must be declared before the first KeycloakServer or MachineContainer of its stack, which use it, got: one without alias that came after; move it up, or give it an \`alias\``;
}
