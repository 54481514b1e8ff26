import { Lazy, type TerraformResource, TerraformStack } from "cdktf";
import type { Construct, IDependable } from "constructs";
import type { Network } from "../../.gen/providers/docker/network";
import { networkName } from "../contract/docker-names";
import { defaultKeycloakImage, officialKeycloakImage, type Sources } from "../contract/sources";

/** What servers that an app declares in Docker have in common. */

/** The image that is built upon. */
export function baseImage(
  { image, version }: { readonly image?: string; readonly version?: string },
  sources: Sources | undefined,
): string {
  return image ?? (version ? officialKeycloakImage(version) : defaultKeycloakImage(sources));
}

/** A name that only containers can resolve, or a server that is not told to others yet, is reached by the published port. */
export function connectTo(issuerBase: string, port: number): string {
  return `${hostAndPort(issuerBase)}=127.0.0.1:${port}`;
}

/** Machines in its network reach a server that speaks https there by its name in it. */
export function connectToInside(publicUrl: string | undefined, isHttps: boolean): string | undefined {
  return publicUrl === undefined || !isHttps ? undefined : `${hostAndPort(publicUrl)}=keycloak:8443`;
}

function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/**
 * The name of a server's network. In its own stack it is a reference, which makes Terraform create the network first. From
 * another stack it would be read from the server's state, which does not exist before the first deploy.
 */
export function networkReference(server: Construct, containerName: string, network: Network): string {
  return Lazy.stringValue({
    produce: ({ scope }) =>
      TerraformStack.of(scope) === TerraformStack.of(server) ? network.name : networkName(containerName),
  });
}

/** What the first resource on a server depends on. */
export function dependenciesOn(
  server: Construct,
  resources: readonly TerraformResource[],
  scope: Construct,
): IDependable[] {
  const own = TerraformStack.of(server);
  const other = TerraformStack.of(scope);
  if (own === other) return [...resources];
  other.addDependency(own); // cdktf deploys the server's stack first
  return [];
}
