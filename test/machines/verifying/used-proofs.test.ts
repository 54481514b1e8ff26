import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UsedProofs } from "../../../machines/verifying/used-proofs";

describe("proofs that were used", () => {
  it("are not taken twice while they are good", () => {
    const used = new UsedProofs(10, 75);
    expect(used.take("a", 1000, 1000)).toBe(true);
    expect(used.take("a", 1000, 1074)).toBe(false);
    expect(used.take("b", 1074, 1074)).toBe(true);
  });

  it("are forgotten in order when they are over, which makes no other one old", () => {
    const used = new UsedProofs(2, 75);
    used.take("a", 1000, 1000);
    used.take("b", 1001, 1001);
    expect(used.take("c", 1080, 1080)).toBe(true);
    expect(used.take("d", 1079, 1080)).toBe(true);
  });

  it("that are over and forgotten are not taken again after the clock was set back", () => {
    const used = new UsedProofs(10, 75);
    used.take("a", 1000, 1000);
    expect(used.take("b", 1076, 1076)).toBe(true);
    expect(used.take("a", 1000, 1036)).toBe(false);
    expect(used.take("c", 1036, 1036)).toBe(true);
  });

  it("that had to be forgotten too early make those of their time too old", () => {
    const used = new UsedProofs(2, 75);
    for (const [name, iat] of [
      ["a", 1000],
      ["b", 1001],
      ["c", 1002],
    ] as const)
      used.take(name, iat, 1002);
    expect(used.take("a", 1000, 1002)).toBe(false);
    expect(used.take("new, of that time", 1000, 1002)).toBe(false);
    expect(used.take("new", 1003, 1003)).toBe(true);
  });

  it("are never taken twice, whatever comes in between, and the memory is bounded", () => {
    const events = fc.array(
      fc.record({ name: fc.nat(20), age: fc.integer({ min: -15, max: 59 }), wait: fc.integer({ min: -90, max: 90 }) }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 5 }), (sequence, most) => {
        const used = new UsedProofs(most, 75);
        const taken = new Map<string, number>();
        let now = 1_000_000;
        for (const { name, age, wait } of sequence) {
          now += wait;
          const iat = now - age;
          const proof = `${name} ${iat}`; // the time is a part of what is signed
          if (!used.take(proof, iat, now)) continue;
          expect(taken.has(proof)).toBe(false);
          taken.set(proof, iat);
          expect((used as unknown as { entries: Map<string, number> }).entries.size).toBeLessThanOrEqual(most);
        }
      }),
    );
  });
});
