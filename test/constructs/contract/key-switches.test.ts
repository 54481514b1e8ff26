import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  isCreationDoubtful,
  isReissued,
  type KeySwitches,
  keyCreation,
  keySwitches,
  whyNoCreation,
} from "../../../constructs/contract/key-switches";

const NAMES = ["CI", "M2M_CREATE_KEYS", "M2M_KNOWN_KEYS", "M2M_REISSUE_CERTIFICATES"];
beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, undefined);
});
afterEach(() => void vi.unstubAllEnvs());

/** Puts the switches into the environment, as `m2m` does for the app. */
function tell(switches: Partial<KeySwitches>): void {
  const variables = keySwitches({ createKeys: "outside CI", reissue: false, ...switches });
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
}

describe("keys are made", () => {
  it.each([
    [{ createKeys: "outside CI" }, undefined, true],
    [{ createKeys: "outside CI" }, "true", false],
    [{ createKeys: "outside CI" }, "1", false],
    [{ createKeys: "outside CI" }, "false", true],
    [{ createKeys: "outside CI" }, "", true],
    [{ createKeys: "always" }, "true", true],
    [{ createKeys: "never" }, undefined, false],
    [{ createKeys: "never" }, "true", false],
  ] as const)("with %o and CI=%s: %s", (switches, ci, isMade) => {
    vi.stubEnv("CI", ci);
    tell(switches);
    expect(whyNoCreation() === undefined).toBe(isMade);
    expect(keyCreation("dev", "a", []) === "allowed").toBe(isMade);
    expect(isCreationDoubtful("a")).toBe(!isMade);
  });

  it("by default outside CI alone; a refusal says why and what to do", () => {
    expect(keyCreation("dev", "a", [])).toBe("allowed");
    vi.stubEnv("CI", "true");
    expect(keyCreation("dev", "a", [])).toEqual({
      refusedBecause:
        "CI is set, and a key made there would be lost; commit the certificate, or set M2M_CREATE_KEYS=true",
    });
    tell({ createKeys: "never" });
    expect(keyCreation("dev", "a", [])).toEqual({
      refusedBecause:
        "M2M_CREATE_KEYS is false, as for commands that only look; commit the certificate, or have `m2m up` make the key",
    });
  });
});

describe("a key that the states know", () => {
  const known = [
    { stack: "dev", name: "a", kid: "k1" },
    { stack: "dev", name: "with/slash", kid: "k2" },
  ];

  it("is not replaced by another of its stack and name", () => {
    tell({ known });
    expect(keyCreation("dev", "a", [])).toEqual({
      refusedBecause: expect.stringMatching(/^the state of stack dev already knows a key of a; /),
    });
    expect(keyCreation("dev", "with/slash", [])).not.toBe("allowed");
    expect(keyCreation("prod", "a", [])).toBe("allowed");
    expect(keyCreation("dev", "b", [])).toBe("allowed");
    expect([isCreationDoubtful("a"), isCreationDoubtful("b")]).toEqual([true, false]);
  });

  it("is in nobody's place if the stack has read it", () => {
    tell({ known });
    expect(keyCreation("dev", "a", ["k1"])).toBe("allowed");
  });

  it("may be replaced where m2m names none", () => {
    tell({ known: [] });
    expect(keyCreation("dev", "a", [])).toBe("allowed");
    expect(keySwitches({ createKeys: "outside CI", reissue: false })).toEqual({});
  });
});

it("an expired certificate is issued again where m2m says so", () => {
  expect(isReissued()).toBe(false);
  tell({ reissue: true });
  expect(isReissued()).toBe(true);
});
