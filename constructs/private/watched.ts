import type { IConstruct } from "constructs";
import { CertificateAuthority } from "../certificate-authority";
import { DeployerClient } from "../deployer-client";
import { MachineContainer } from "../machine-container";
import type { Expiring, WatchedMachine } from "../monitoring/facts";
import type { IKeycloakInDocker } from "../server";
import { SignedJwtClient } from "../signed-jwt-client";
import type { ISigningKey } from "../signing-key";
import { TlsCertificate } from "../tls-certificate";
import { ImportedCertificate } from "./imported-certificate";

/**
 * Everything in the app that ends one day, by the client whose key it is, or the name in the certificate. Realms may have
 * clients of one id, and a name may be in several certificates: what ends first is told.
 */
export function expiringIn(scope: IConstruct): Expiring[] {
  const all = new Map<string, Expiring>();
  for (const node of scope.node.root.node.findAll()) {
    const one = expiring(node);
    const key = one && `${one.kind} ${one.name}`;
    const former = key && all.get(key);
    if (key && !(former && former.notAfter <= one.notAfter)) all.set(key, one);
  }
  return [...all.values()].sort((one, two) => (one.kind + one.name < two.kind + two.name ? -1 : 1));
}

function expiring(node: IConstruct): Expiring | undefined {
  if (node instanceof SignedJwtClient || node instanceof DeployerClient) {
    const { clientId, signingKey } = node;
    const { notAfter } = signingKey as Partial<ISigningKey>; // public keys alone have no end
    return notAfter && { kind: "signing key", name: clientId, notAfter };
  }
  if (node instanceof CertificateAuthority) return { kind: "certificate", name: node._name, notAfter: node.notAfter };
  if (node instanceof TlsCertificate || node instanceof ImportedCertificate) {
    return { kind: "certificate", name: node.commonName, notAfter: node.notAfter };
  }
  return undefined;
}

/** The machines in a server's network that serve metrics. */
export function machinesOf(server: IKeycloakInDocker & IConstruct): WatchedMachine[] {
  const machines = server.node.root.node.findAll().filter((node) => node instanceof MachineContainer);
  return machines.flatMap(({ server: own, metricsUrl, containerName }) =>
    own === server && metricsUrl !== undefined ? [{ name: containerName, target: new URL(metricsUrl).host }] : [],
  );
}
