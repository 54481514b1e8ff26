import { EMBEDDED_KEYCLOAK } from "../../constructs/contract/sources";
import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { acceptedOf, activeOf } from "../../constructs/keys/key-record";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { short } from "./outcome";
import { deployedOf, type Pair } from "./pairs";
import { isHere } from "./private-half";
import { isDeployed } from "./steps";

/** Whether Terraform signs in by a pair's key: what is not deployed yet cannot be deployed by it. */
export function isDeployerPair({ clients }: Pair): boolean {
  return clients.some((client) => client.isDeployer);
}

/** @throws {ToolError} `deployer-locked-out` where Terraform could not sign in by what is to sign then */
export function refuseLockOut(pair: Pair, next: { readonly kid: string } | undefined): void {
  const { name, files } = pair;
  if (!isDeployerPair(pair)) return;
  if (next && isDeployed(next.kid, deployedOf(pair))) {
    if (isHere(pair, next)) return;
    throw new ToolError(
      "deployer-locked-out",
      `${name}: Terraform signs in by this key, and the private half of key ${short(next)} is not here; put it at ${files.staged(next.kid)} first`,
    );
  }
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
 * @returns why a next key may not be of an algorithm; nothing where it may
 */
export function whyAnotherAlgorithm(pair: Pair, algorithm: SigningAlgorithm): string | undefined {
  const { name, record, clients } = pair;
  const taken = acceptedOf(record).map((entry) => entry.algorithm);
  const isOfficial = clients.some(({ isDeployer, stack }) => isDeployer && !usesEmbeddedProvider(stack));
  if (!isOfficial || !taken.includes(algorithm)) return undefined;
  const prepare = (other: SigningAlgorithm) => `\`m2m keys prepare ${name} --algorithm ${other}\``;
  const free = FOLLOWING.find((one) => !taken.includes(one));
  const remedy = free
    ? `prepare one of another algorithm (${prepare(free)}), and declare that`
    : `retire the key before first (\`m2m keys retire ${name}\`), deploy, and prepare one of its algorithm (${prepare(FOLLOWING.find((one) => one !== activeOf(record).algorithm)!)})`;
  return `${name}: Terraform signs in by this key, and the official provider names no key when it does: ${remedy}`;
}

/** Algorithms that follow one another where no two keys may be of the same. */
const FOLLOWING = ["ES256", "RS256"] as const;

function usesEmbeddedProvider({ json }: Stack): boolean {
  return json.terraform.required_providers?.keycloak?.source === EMBEDDED_KEYCLOAK.source;
}
