import { Annotations, Aspects, type TerraformResource } from "cdktf";
import type { Construct } from "constructs";
import {
  type Administrator,
  type Credential,
  configurationLine,
  configurationPath,
  DEFAULT_ADMINISTRATOR,
  givenByEnvironment,
  PROVIDER_ENVIRONMENT,
  variableName,
  writeConfiguration,
} from "../contract/first-administrator";
import { declareAdminVariables } from "./admin-variables";
import { ValidationError } from "./errors";
import { pathInStack, stackFolder } from "./project";
import type { SignIn } from "./sign-in";
import { isTest } from "./tests";

/** The configuration file of a server. */
interface ConfigurationFile {
  /** Has the server get it, by its path from the folder in which Terraform runs. */
  readonly bring: (source: string) => void;
  /** What Keycloak reads there too, and nobody else may. */
  readonly otherLines: readonly string[];
  /** Whether the default password is refused, and not only warned of. */
  readonly isProduction: boolean;
}

/**
 * The administrator that a declared server takes when its database is empty.
 *
 * It is in a file beside the synthesized JSON (mode 0600). The container gets a copy that only Keycloak's user reads. JSON and
 * state have the file's path only. The values come from the environment, where Terraform and the provider read them too.
 *
 * @see https://www.keycloak.org/server/bootstrap-admin-recovery
 */
export class BootstrapAdmin {
  private readonly source: string;
  private isExpected = false;

  constructor(
    private readonly server: Construct,
    /** What the server runs in. */
    private readonly resource: TerraformResource,
    private readonly signIn: SignIn,
    private readonly file: ConfigurationFile,
  ) {
    const { prefix } = signIn.target;
    const administrator = {
      username: credential(server, prefix, "username"),
      password: credential(server, prefix, "password"),
    };
    this.source = configurationPath(pathInStack(server));
    this.write(administrator);
    file.bring(this.source);
    Aspects.of(resource).add({ visit: (node) => node === resource && this.settle(administrator) });
  }

  /** Fails the plan if Terraform was given another administrator than the synthesis: nobody could sign in. */
  expectSameInTerraform(): void {
    if (this.isExpected) return;
    this.isExpected = true;
    declareAdminVariables(this.server, this.signIn);
    const conditions = sameAdministrator(this.signIn.target.prefix, this.source);
    this.resource.addOverride("lifecycle.precondition", conditions);
  }

  private write(administrator?: Administrator): void {
    if (isTest(this.server)) return;
    writeConfiguration(stackFolder(this.server), pathInStack(this.server), administrator, this.file.otherLines);
  }

  /** Now it is known how Terraform signs in. */
  private settle({ password }: Administrator): void {
    if (this.signIn.isByKey) {
      // Terraform tracks only the path: an existing container keeps its file. A new one on the same volume needs none.
      this.write();
      this.resource.addOverride("lifecycle", undefined);
    }
    if (this.signIn.isDelegated || password !== DEFAULT_ADMINISTRATOR.password) return;
    const text = "the administrator has the well-known default password; set KEYCLOAK_PASSWORD before the first deploy";
    if (this.file.isProduction && !isTest(this.server)) Annotations.of(this.server).addError(text);
    else Annotations.of(this.server).addWarning(text);
  }
}

/** They can differ because the cdktf CLI passes `TF_VAR_…` to Terraform, but not to the app. */
function sameAdministrator(prefix: string, source: string): Record<string, string>[] {
  return (["username", "password"] as const).map((what) => {
    const name = variableName(prefix, what);
    const line = configurationLine(what, `\${coalesce(var.${name}, "-")}`);
    const same = `strcontains(file("${source}"), "${line}\\n")`;
    // Terraform before 1.8 refuses `nonsensitive` for a value that is not sensitive.
    const plain = what === "password" ? `nonsensitive(${same})` : same;
    return {
      condition: `\${var.${name} == null ? true : ${plain}}`,
      error_message: `The administrator's ${what} in TF_VAR_${name} did not reach the synthesis, because the cdktf CLI does not pass such variables to the app. Set ${PROVIDER_ENVIRONMENT[what]} instead, or run m2m.`,
    };
  });
}

function credential(server: Construct, prefix: string, what: Credential): string {
  const given = isTest(server) ? undefined : givenByEnvironment(what, variableName(prefix, what));
  if (!given) return DEFAULT_ADMINISTRATOR[what];
  checkValue(server, given);
  return given.value;
}

/** keycloak.conf is a properties file whose values may hold expressions. */
function checkValue(server: Construct, { name, value }: { readonly name: string; readonly value: string }): void {
  if (value !== "" && /^[\x21-\x7e]+$/.test(value) && !/[\\$]/.test(value)) return;
  throw new ValidationError(
    server,
    `${name} must be printable ASCII without spaces, backslash and dollar sign, which keycloak.conf reads differently, got: a value of ${value.length} characters`,
  );
}
