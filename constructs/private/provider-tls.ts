import type { TerraformStack } from "cdktf";
import type { KeycloakProviderConfig } from "../../.gen/providers/keycloak/provider";
import { fileContent } from "../contract/terraform-text";
import type { ICertificateAuthority, ITlsCertificate } from "../tls";
import { fromStackFolder } from "./project";

/** The CA that Terraform trusts a server by, and what it shows itself. */
export interface TerraformTls {
  readonly authority?: ICertificateAuthority;
  readonly terraform?: ITlsCertificate;
}

/** The arguments of a provider in a stack. Terraform reads the files itself: no key is in JSON, state or plan. */
export function providerTls(
  { authority, terraform }: TerraformTls,
  stack: TerraformStack,
): Pick<KeycloakProviderConfig, "rootCaCertificate" | "tlsClientCertificate" | "tlsClientPrivateKey"> {
  const content = (path: string) => fileContent(fromStackFolder(stack, path));
  return {
    ...(authority && { rootCaCertificate: content(authority.trustFile) }),
    ...(terraform && {
      tlsClientCertificate: content(terraform.files.certificate),
      tlsClientPrivateKey: content(terraform.files.key),
    }),
  };
}
