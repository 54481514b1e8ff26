import { expect, it } from "vitest";
import { refuseLostData } from "../../../tools/deploy/refuse-lost-data";
import { inState, stackOf, stateOf } from "../parts";

const LABELS = [{ label: "cdktf-keycloak-m2m", value: "data" }];
const PROTECTED = { V: { name: "db-data", labels: LABELS, lifecycle: { prevent_destroy: true } } };
const KNOWN = stateOf(inState("docker_volume", "V", { name: "db-data", id: "db-data" }));
const THERE = [{ kind: "volume", name: "db-data", id: "db-data" }] as const;

it("protected data that the state knows and Docker has not is a loss, and nothing is made in its place", () => {
  expect(() => refuseLostData(stackOf({ docker_volume: PROTECTED }), [], KNOWN)).toThrow(
    expect.objectContaining({
      code: "data-lost",
      message: expect.stringContaining(
        "the volume db-data with the data of stack m2m is gone, and nothing was changed; bring a backup back by `m2m restore FILE`",
      ),
    }),
  );
});

it("it is none where the volume is there, was never made, or is not protected", () => {
  refuseLostData(stackOf({ docker_volume: PROTECTED }), THERE, KNOWN);
  refuseLostData(stackOf({ docker_volume: PROTECTED }), [], stateOf());
  refuseLostData(stackOf({ docker_volume: { V: { name: "db-data", labels: LABELS } } }), [], KNOWN);
});
