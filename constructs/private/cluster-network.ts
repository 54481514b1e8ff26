import type { Construct } from "constructs";
import { Network, type NetworkConfig } from "../../.gen/providers/docker/network";
import { labels } from "../contract/docker-names";
import { dockerProvider } from "./docker";

/** A network over all nodes, whose traffic between them is encrypted. Containers can join it too. */
export function overlayNetwork(
  scope: Construct,
  id: string,
  config: Pick<NetworkConfig, "name" | "internal" | "ipamConfig">,
): Network {
  return new Network(scope, id, {
    provider: dockerProvider(scope),
    ...config,
    driver: "overlay",
    attachable: true,
    options: { encrypted: "" },
    labels: labels("network"),
    lifecycle: { ignoreChanges: ["options"] }, // Docker adds the number of the network
  });
}

/** The addresses of a network of 256. */
export function addressesOf(subnet: string): NetworkConfig["ipamConfig"] {
  return [{ subnet, gateway: subnet.replace(/0\/24$/, "1"), auxAddress: {} }];
}

/**
 * Caches that the servers share. They find each other by the database, and speak TLS with certificates that they make
 * themselves. A server has an address in each of its networks, and Keycloak is told which to use: one that the others reach.
 *
 * @see https://www.keycloak.org/server/caching
 */
export function sharedCaches(subnet: string): string[] {
  const addresses = subnet.replace(/0\/24$/, "*");
  return ["--cache=ispn", `--cache-embedded-network-bind-address=match-address:${addresses}`];
}
