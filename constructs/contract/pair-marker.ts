import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";
import type { SigningAlgorithm } from "../keys/algorithms";

/** What `m2m keys` has to know of a pair: where its files are, and what its next key is to look like. */
export interface PairDescription {
  readonly name: string;
  /** Folders as they were given, absolute or relative to `cdktf.json`. */
  readonly directory: string;
  readonly privateKeyDirectory: string;
  readonly algorithm: SigningAlgorithm;
  readonly validityDays: number;
  readonly rsaBits?: number;
  /** Keys that Keycloak is to accept. */
  readonly kids: readonly string[];
  /** Keys that it is to accept never again. */
  readonly revoked: readonly string[];
}

/** Puts the description into the stack's JSON, below `//`, which Terraform takes for a comment. */
export function describePair(scope: Construct, description: PairDescription): void {
  TerraformStack.of(scope).addOverride(`//.signingKeys.${scope.node.addr}`, description);
}
