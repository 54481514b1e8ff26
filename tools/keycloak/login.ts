import { resolve } from "node:path";
import { fileIn } from "../../constructs/contract/terraform-text";
import type { TlsOptions } from "../../machines/calling/tls-options";
import type { Stack } from "../project/project";

/** What a synthesized stack says of how Terraform signs in to a server: a provider's arguments. */
export interface Login {
  readonly alias?: string;
  readonly url?: string;
  readonly username?: string;
  readonly password?: string;
  readonly client_id?: string;
  readonly jwt_signing_alg?: string;
  readonly jwt_signing_key?: string;
  readonly root_ca_certificate?: string;
  readonly tls_client_certificate?: string;
  readonly tls_client_private_key?: string;
}

/** The logins of a stack. */
export function loginsIn({ json }: Stack): Login[] {
  return [json.provider?.keycloak ?? []].flat() as Login[];
}

/** The CA and certificate that Terraform connects with, as far as they are in files. */
export function tlsOf({ folder }: Stack, login: Login | undefined): { readonly tls?: TlsOptions } {
  const file = (argument = "") => {
    const path = fileIn(argument);
    return path === undefined ? undefined : resolve(folder, path);
  };
  const caFile = file(login?.root_ca_certificate);
  const certificateFile = file(login?.tls_client_certificate);
  const keyFile = file(login?.tls_client_private_key);
  const tls = { ...(caFile && { caFile }), ...(certificateFile && keyFile && { certificateFile, keyFile }) };
  return Object.keys(tls).length === 0 ? {} : { tls };
}
