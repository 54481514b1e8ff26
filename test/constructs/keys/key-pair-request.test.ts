import { describe, expect, it } from "vitest";
import { SIGNING_ALGORITHMS } from "../../../constructs/keys/algorithms";
import { checkKeyPairRequest } from "../../../constructs/keys/key-pair-request";

describe("checkKeyPairRequest", () => {
  it("accepts what can be made", () => {
    expect(checkKeyPairRequest("RS256", 2048, 365)).toEqual([]);
    expect(checkKeyPairRequest("PS256", 4096, 0.01)).toEqual([]);
    expect(checkKeyPairRequest("RS256", 2048, 36_500)).toEqual([]);
    for (const algorithm of SIGNING_ALGORITHMS) expect(checkKeyPairRequest(algorithm, undefined, 1)).toEqual([]);
  });

  it("reports both mistakes at once", () => {
    expect(checkKeyPairRequest("RS256", 2047, -1)).toEqual([
      "`rsaBits` must be a whole number between 2048 (RFC 7518 section 3.3) and 8192, got: 2047; leave it out for 2048",
      "`validityDays` must be more than 0 and at most 36500, got: -1; use 365, or leave it out",
    ]);
  });

  it.each([
    ["ES256", "P-256"],
    ["EdDSA", "Ed25519"],
  ] as const)("allows no length beside %s", (algorithm, kind) => {
    expect(checkKeyPairRequest(algorithm, 2048, 1)).toEqual([
      `\`rsaBits\` must be left out beside \`algorithm\` "${algorithm}", whose keys are ${kind}, got: 2048`,
    ]);
  });
});
