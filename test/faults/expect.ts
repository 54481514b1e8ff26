import { expect } from "vitest";
import type { Fault } from "./faults";
import type { Measured } from "./measure";

/** Realms, clients, keys and rights are as they were, and every token that a machine got is written down. */
export function expectNothingLost({ goesBack }: Fault, { met, before, after }: Measured): void {
  expect(after.tables).toEqual(before.tables);
  expect(met.refused).toBe(0);
  if (goesBack) return;
  const granted = [met.patient, met.single].reduce((sum, { calls, failed }) => sum + calls - failed.length, 0);
  expect(after.logins - before.logins).toBeGreaterThanOrEqual(granted);
}
