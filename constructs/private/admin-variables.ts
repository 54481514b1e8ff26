import { Aspects, TerraformVariable } from "cdktf";
import type { Construct } from "constructs";
import {
  type Credential,
  DEFAULT_ADMINISTRATOR,
  PROVIDER_ENVIRONMENT,
  variableName,
} from "../contract/first-administrator";
import type { SignIn } from "./sign-in";

/**
 * Declares the two variables that give Terraform a server's administrator, once in a scope. They are gone at the synthesis
 * if Terraform signs in by a key.
 */
export function declareAdminVariables(scope: Construct, signIn: SignIn, idPrefix = ""): void {
  declare(scope, `${idPrefix}AdminUsername`, "username", signIn);
  declare(scope, `${idPrefix}AdminPassword`, "password", signIn);
}

function declare(scope: Construct, id: string, what: Credential, signIn: SignIn): void {
  if (scope.node.tryFindChild(id)) return;
  const { url, prefix, resource } = signIn.target;
  const variable = new TerraformVariable(scope, id, {
    type: "string",
    default: DEFAULT_ADMINISTRATOR[what],
    sensitive: what === "password",
    description: `Keycloak administrator's ${what} (${url})`,
  });
  variable.overrideLogicalId(variableName(prefix, what));
  // Null is "not set" to the provider, which then reads its own environment variable. A server that is not declared here
  // is not a developer's own, and its administrator has no default.
  if (!resource || process.env[PROVIDER_ENVIRONMENT[what]]) variable.addOverride("default", null);
  Aspects.of(variable).add({
    visit: () => {
      if (signIn.isByKey) scope.node.tryRemoveChild(id);
      // A server with a deployer never has the default password.
      else if (signIn.isDelegated && what === "password") variable.addOverride("default", null);
    },
  });
}
