import { EMBEDDED_KEYCLOAK, officialProviderSignsInBy } from "../../constructs/contract/sources";
import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { acceptedOf, activeOf } from "../../constructs/keys/key-record";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { short } from "./outcome";
import { deployedOf, type Pair } from "./pairs";
import { isHere } from "./private-half";
import { isDeployed } from "./steps";

/** Whether Terraform signs in by a pair's key. */
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
      `${name}: Terraform signs in by this key, but the private half of key ${short(next)} is not here; put it at ${files.staged(next.kid)} first`,
    );
  }
  const which = next ? `key ${short(next)}` : "a new key";
  throw new ToolError(
    "deployer-locked-out",
    `${name}: Terraform signs in by this key, and could not deploy ${which} with it; run \`m2m keys prepare ${name}\` and \`m2m up\` first, or deploy with the administrator's password in KEYCLOAK_PASSWORD`,
  );
}

/**
 * Why the next key may not be of an algorithm; nothing if it may. The official provider cannot sign in by RSA-PSS. It
 * does not say which key it signs in with, and Keycloak then tries the first one of the algorithm: a second key of the
 * same algorithm would lock it out.
 */
export function whyAnotherAlgorithm(pair: Pair, algorithm: SigningAlgorithm): string | undefined {
  const { name, record, clients } = pair;
  const taken = acceptedOf(record).map((entry) => entry.algorithm);
  const isOfficial = clients.some(({ isDeployer, stack }) => isDeployer && !usesEmbeddedProvider(stack));
  const isOne = officialProviderSignsInBy(algorithm);
  if (!isOfficial || (isOne && !taken.includes(algorithm))) return undefined;
  const prepare = (other: SigningAlgorithm) => `\`m2m keys prepare ${name} --algorithm ${other}\``;
  const free = FOLLOWING.find((one) => !taken.includes(one));
  const remedy = free
    ? `prepare a key of another algorithm (${prepare(free)}), and declare that algorithm`
    : `first retire the previous key (\`m2m keys retire ${name}\`), deploy, and then prepare one of its algorithm (${prepare(FOLLOWING.find((one) => one !== activeOf(record).algorithm)!)})`;
  const why = isOne ? "does not say which key it uses" : `cannot sign in by ${algorithm}`;
  return `${name}: Terraform signs in by this key, and the official provider ${why}: ${remedy}`;
}

/** The algorithms that take turns if no two keys may have the same. */
const FOLLOWING = ["ES256", "RS256"] as const;

function usesEmbeddedProvider({ json }: Stack): boolean {
  return json.terraform.required_providers?.keycloak?.source === EMBEDDED_KEYCLOAK.source;
}
