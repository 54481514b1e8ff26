import type { Algorithm } from "../machines/issuer-fixture";
import type { Case, Input } from "./case";
import { algorithmCases } from "./cases/algorithm";
import { encodingCases } from "./cases/encoding";
import { keyCases } from "./cases/keys";
import { partyCases } from "./cases/parties";
import { replayCases } from "./cases/replay";
import { requestCases } from "./cases/requests";
import { signatureCases } from "./cases/signature";
import { timeCases } from "./cases/times";

/** All cases, by number. */
export const cases: readonly Case[] = [
  ...algorithmCases,
  ...signatureCases,
  ...encodingCases,
  ...partyCases,
  ...timeCases,
  ...replayCases,
  ...keyCases,
  ...requestCases,
].sort((one, two) => one.number - two.number);

/** What is sent to a target under an algorithm. Those that take the target down are asked for by themselves. */
export function inputsFor(target: "verifier" | "keycloak", algorithm: Algorithm, restarts = false) {
  return cases.flatMap(({ number, title, inputs }) =>
    inputs
      .filter((input) => input[target] !== undefined)
      .filter((input: Input) => input.algorithms?.includes(algorithm) ?? true)
      .filter((input) => (input.restarts ?? false) === restarts)
      .map((input): [string, Input] => [`${number} ${title}: ${input.sent}`, input]),
  );
}
