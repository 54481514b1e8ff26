import { activeOf } from "../../constructs/keys/key-record";
import { EMBEDDED_KEYCLOAK } from "../../constructs/sources";
import { ToolError } from "../output";
import type { Stack } from "../project";
import type { NewKey } from "./change";
import { deployedOf, type Pair } from "./pairs";
import { isDeployed, short } from "./steps";

/** Whether Terraform signs in by a pair's key: what is not deployed yet cannot be deployed by it. */
export function isDeployerPair({ clients }: Pair): boolean {
  return clients.some((client) => client.isDeployer);
}

/** @throws {ToolError} `deployer-locked-out` where Terraform could not sign in by what is to sign then */
export function refuseLockOut(pair: Pair, next: { readonly kid: string } | undefined): void {
  const { name } = pair;
  if (!isDeployerPair(pair) || (next && isDeployed(next.kid, deployedOf(pair)))) return;
  const which = next ? `key ${short(next)}` : "a new key";
  throw new ToolError(
    "deployer-locked-out",
    `${name}: Terraform signs in by this key, and ${which} could not be deployed by itself; run \`m2m keys prepare ${name}\` and \`m2m up\` first, or deploy with the administrator's password in KEYCLOAK_PASSWORD`,
  );
}

/**
 * The official provider names no key when it signs in, and Keycloak tries the first one of the algorithm: a second key of
 * the same would lock it out.
 *
 * @returns why a next key has to be of another algorithm; nothing where it need not be, or is
 */
export function whyAnotherAlgorithm(pair: Pair, { algorithm, certificateFile }: NewKey): string | undefined {
  const { name, record, clients } = pair;
  const active = activeOf(record).algorithm;
  const isOfficial = clients.some(({ isDeployer, stack }) => isDeployer && !usesEmbeddedProvider(stack));
  if (!isOfficial || certificateFile !== undefined || (algorithm ?? active) !== active) return undefined;
  const other = active === "ES256" ? "RS256" : "ES256";
  return `${name}: Terraform signs in by this key, and the official provider names no key when it does: prepare one of another algorithm (\`m2m keys prepare ${name} --algorithm ${other}\`), and declare that`;
}

function usesEmbeddedProvider({ json }: Stack): boolean {
  const { required_providers: required } = json.terraform as {
    required_providers?: Record<string, { source?: string }>;
  };
  return required?.keycloak?.source === EMBEDDED_KEYCLOAK.source;
}
