// examples/production, which breaks while machines call.
import { afterAll, beforeAll, it } from "vitest";
import { namesOf } from "../e2e/environment";
import { expectNothingLost } from "./expect";
import { FAULTS, FAULTS_OF_ENGINES } from "./faults";
import { measure } from "./measure";
import { Report } from "./report";
import { makeTarget, type Target } from "./target";

const report = new Report("One server");
let target: Target;
beforeAll(async () => {
  target = await makeTarget("production", namesOf("faults"), 1);
});
afterAll(async () => {
  report.print();
  await target.remove();
});

it.each([...FAULTS, ...FAULTS_OF_ENGINES])("nothing is lost: $what", async (fault) => {
  const measured = await measure(target, fault);
  report.add(fault, measured);
  expectNothingLost(fault, measured);
});
