// examples/cluster with three servers, which breaks while machines call.
import { afterAll, beforeAll, expect, it } from "vitest";
import { namesOf } from "../e2e/environment";
import { expectNothingLost } from "./expect";
import { FAULTS, FAULTS_OF_CLUSTERS, FAULTS_OF_ENGINES } from "./faults";
import { measure } from "./measure";
import { Report } from "./report";
import { makeTarget, type Target } from "./target";

/** What the machine library notices nothing of. */
const UNNOTICED = ["A server is killed", "A change of the servers is deployed", "The balancer is killed"];

const report = new Report("Three servers");
let target: Target;
beforeAll(async () => {
  target = await makeTarget("cluster", namesOf("broken-cluster"), 3);
});
afterAll(async () => {
  report.print();
  await target.remove();
});

it.each([...FAULTS, ...FAULTS_OF_CLUSTERS, ...FAULTS_OF_ENGINES])("nothing is lost: $what", async (fault) => {
  const measured = await measure(target, fault);
  report.add(fault, measured);
  expectNothingLost(fault, measured);
  if (UNNOTICED.includes(fault.what)) expect(measured.met.patient.failed).toEqual([]);
});
