import { join } from "node:path";
import { type Issuer, loadSigningKey, openIssuer, signAssertion } from "../../../machines";
import { docker } from "../environment";

const ISSUER = "https://keycloak:8443/realms/sjwt-example";
const TOKEN = `${ISSUER}/protocol/openid-connect/token`;

/** One server of a cluster. */
export interface Replica {
  readonly container: string;
  /** Where this machine reaches it, beside the balancer. */
  readonly address: string;
}

/** The servers that run, by Docker's bridge between their network and this machine. */
export async function replicasOf(service: string): Promise<Replica[]> {
  const ids = await docker("ps", "--no-trunc", "-q", "--filter", `label=com.docker.swarm.service.name=${service}`);
  const bridge = await docker("network", "inspect", "docker_gwbridge", "--format", "{{json .Containers}}");
  const addresses = JSON.parse(bridge) as Record<string, { IPv4Address: string }>;
  return ids.split("\n").map((container) => {
    return { container, address: `${addresses[container]!.IPv4Address.split("/")[0]}:8443` };
  });
}

/** The issuer, reached at an address. */
export function issuerAt(folder: string, address: string): Issuer {
  const tls = { caFile: join(folder, "certs", "cluster-ca.crt") };
  return openIssuer({ issuer: ISSUER, connectTo: `keycloak:8443=${address}`, tls, log: () => {} });
}

export function keyOf(folder: string, machine: string) {
  return loadSigningKey(join(folder, "certs", `${machine}-signing.key`));
}

/** An assertion to use as one likes. */
export function assertion(folder: string, clientId: string): Promise<string> {
  return signAssertion({ clientId, issuer: ISSUER, signingKey: keyOf(folder, clientId) });
}

/** What a server answers to an assertion, with further parameters. */
export async function answerTo(
  at: Issuer,
  clientId: string,
  signed: string,
  { path = "", ...form }: { readonly path?: string } & Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const body = new URLSearchParams({
    ...(path === "" && { grant_type: "client_credentials" }),
    client_id: clientId,
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: signed,
    ...form,
  });
  const response = await at.fetch(path === "" ? TOKEN : TOKEN.replace(/token$/, path), { method: "POST", body });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}
