import { describe, expect, it } from "vitest";
import { isDeployerPair, refuseLockOut, whyAnotherAlgorithm } from "../../tools/keys/deployer";
import type { Pair } from "../../tools/keys/pairs";
import { stackOf } from "./parts";

const SOURCES = {
  official: "registry.terraform.io/keycloak/keycloak",
  embedded: "terraform.local/cdktf-keycloak-m2m/keycloak",
};

/** A pair of one client, which accepts some keys; its record has RS256 keys. */
function pair(isDeployer: boolean, deployed: string[] = ["active-key"], source = SOURCES.official): Pair {
  const stack = stackOf({});
  Object.assign(stack.json.terraform, { required_providers: { keycloak: { source } } });
  const client = { stack, isDeployer, deployed };
  const record = { version: 1, keys: [{ kid: "active-key", algorithm: "RS256", state: "active" }] };
  return { name: "terraform", record, clients: [client] } as unknown as Pair;
}

describe("the key that Terraform signs in by", () => {
  it("is told from those of machines", () => {
    expect([isDeployerPair(pair(true)), isDeployerPair(pair(false))]).toEqual([true, false]);
  });

  it("gives way only to one that is deployed, since what is not could not be deployed by itself", () => {
    const locked = expect.objectContaining({ code: "deployer-locked-out" });
    expect(() => refuseLockOut(pair(true), undefined)).toThrow(locked);
    expect(() => refuseLockOut(pair(true), { kid: "next-key" })).toThrow(locked);
    refuseLockOut(pair(true, ["active-key", "next-key"]), { kid: "next-key" });
    refuseLockOut(pair(false), undefined);
  });

  it("is followed by one of another algorithm where the provider names no key, and by any where it does", () => {
    expect(whyAnotherAlgorithm(pair(true), {})).toContain("`m2m keys prepare terraform --algorithm ES256`");
    expect(whyAnotherAlgorithm(pair(true), { algorithm: "RS256" })).toContain("names no key");
    expect(whyAnotherAlgorithm(pair(true), { algorithm: "ES256" })).toBeUndefined();
    expect(whyAnotherAlgorithm(pair(true, [], SOURCES.embedded), {})).toBeUndefined();
    expect(whyAnotherAlgorithm(pair(false), {})).toBeUndefined();
  });
});
