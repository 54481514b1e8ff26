import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import { importedApiMarker } from "../contract/markers";
import { audienceScopeName } from "../contract/scope-names";
import type { IRealm } from "../realm";

/** Tells `m2m who-can` of an API that another configuration declares: a grant there names a scope, and nothing else. */
export function noteImportedApi(api: Construct, realm: IRealm, audience: string, scopes: readonly string[]): void {
  const { realmName, server } = realm;
  const description = { url: server.url, realmName, audience, scopes, audienceScope: audienceScopeName(audience) };
  TerraformStack.of(api).addOverride(...importedApiMarker(api.node.addr, description));
}
