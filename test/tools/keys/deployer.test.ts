import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EMBEDDED_KEYCLOAK, OFFICIAL_KEYCLOAK } from "../../../constructs/contract/sources";
import { filesOf } from "../../../constructs/keys/pair-files";
import { isDeployerPair, refuseLockOut, whyAnotherAlgorithm } from "../../../tools/keys/deployer";
import type { Pair } from "../../../tools/keys/pairs";
import { stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

const SOURCES = { official: OFFICIAL_KEYCLOAK.source, embedded: EMBEDDED_KEYCLOAK.source };

/** A pair of one client, which accepts some keys; its record has RS256 keys. */
function pair(
  isDeployer: boolean,
  deployed: string[] = ["active-key"],
  source: string = SOURCES.official,
  algorithms = ["RS256"],
): Pair {
  const stack = stackOf({});
  Object.assign(stack.json.terraform, { required_providers: { keycloak: { source } } });
  const client = { stack, isDeployer, deployed };
  const keys = algorithms.map((algorithm, i) => {
    return { kid: i === 0 ? "active-key" : `retiring-key-${i}`, algorithm, state: i === 0 ? "active" : "retiring" };
  });
  const files = filesOf("/", { name: "terraform", directory: folder.path });
  return { name: "terraform", files, record: { version: 1, keys }, clients: [client] } as unknown as Pair;
}

describe("the key that Terraform signs in by", () => {
  it("is distinguished from the keys of machines", () => {
    expect([isDeployerPair(pair(true)), isDeployerPair(pair(false))]).toEqual([true, false]);
  });

  it("is only replaced by a deployed key, as Terraform could not deploy another", () => {
    const locked = expect.objectContaining({ code: "deployer-locked-out" });
    expect(() => refuseLockOut(pair(true), undefined)).toThrow(locked);
    expect(() => refuseLockOut(pair(true), { kid: "next-key" })).toThrow(locked);
    refuseLockOut(pair(false), undefined);
  });

  it("is only replaced by a key whose private half is here, as Terraform reads it", () => {
    const deployed = pair(true, ["active-key", "next-key"]);
    const staged = deployed.files.staged("next-key");
    expect(() => refuseLockOut(deployed, { kid: "next-key" })).toThrow(
      `terraform: Terraform signs in by this key, but the private half of key next-key is not here; put it at ${staged} first`,
    );
    writeFileSync(staged, "");
    refuseLockOut(deployed, { kid: "next-key" });
  });

  it("must change its algorithm with the official provider, and need not with the embedded one", () => {
    expect(whyAnotherAlgorithm(pair(true), "RS256")).toContain("`m2m keys prepare terraform --algorithm ES256`");
    expect(whyAnotherAlgorithm(pair(true), "ES256")).toBeUndefined();
    expect(whyAnotherAlgorithm(pair(true, [], SOURCES.embedded), "RS256")).toBeUndefined();
    expect(whyAnotherAlgorithm(pair(false), "RS256")).toBeUndefined();
  });

  it("must not sign by PS256 with the official provider, which cannot", () => {
    expect(whyAnotherAlgorithm(pair(true), "PS256")).toContain("the official provider cannot sign in by PS256");
    expect(whyAnotherAlgorithm(pair(true, [], SOURCES.embedded), "PS256")).toBeUndefined();
    expect(whyAnotherAlgorithm(pair(false), "PS256")).toBeUndefined();
  });

  it("may not have the algorithm of a key that is still accepted", () => {
    const three = pair(true, [], SOURCES.official, ["EdDSA", "ES256"]);
    expect(whyAnotherAlgorithm(three, "ES256")).toContain("`m2m keys prepare terraform --algorithm RS256`");
    expect(whyAnotherAlgorithm(three, "RS256")).toBeUndefined();
    const full = pair(true, [], SOURCES.official, ["RS256", "ES256"]);
    expect(whyAnotherAlgorithm(full, "RS256")).toContain(
      "first retire the previous key (`m2m keys retire terraform`), deploy, and then prepare one of its algorithm (`m2m keys prepare terraform --algorithm ES256`)",
    );
  });
});
