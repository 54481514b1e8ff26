import { expect, it } from "vitest";
import { conflictIn } from "../../../tools/engines/state-conflict";
import { TerraformFailure } from "../../../tools/engines/terraform-failure";

/** As Terraform 1.11 says it, with the pg backend. */
const LOCKED = `Error acquiring the state lock
Error message: Workspace is already locked: default
Lock Info:
  ID:        532d86d1-e5c7-ff8f-20ee-a980680bc574
  Path:      
  Operation: OperationTypePlan
  Who:       anna@laptop
  Version:   1.11.4
  Created:   2026-11-30 14:51:36.941373974 +0000 UTC
  Info:      
`;

it("a lock of another run is told with its holder, and with the way out", () => {
  const { code, message } = new TerraformFailure("plan", "identities", LOCKED);
  expect(code).toBe("busy");
  expect(message).toBe(
    "another run holds the lock of the state of stack identities (anna@laptop, since 2026-11-30 14:51:36 UTC), and nothing of it was changed here; wait for it to end, bring your checkout up to date, and run this again. If no run is left, `terraform force-unlock 532d86d1-e5c7-ff8f-20ee-a980680bc574` in cdktf.out/stacks/identities removes the lock",
  );
});

it("the lines may stand in Terraform's box", () => {
  const boxed = LOCKED.split("\n")
    .map((line) => `│ ${line}`)
    .join("\n");
  expect(conflictIn(boxed, "x")?.text).toContain("(anna@laptop, since 2026-11-30 14:51:36 UTC)");
});

it("a state that was changed since the plan is told too", () => {
  const stale = "Saved plan is stale\nThe given plan file can no longer be applied";
  expect(new TerraformFailure("apply", "m2m", stale)).toMatchObject({
    code: "state-changed",
    message: expect.stringMatching(/^another run has changed the state of stack m2m since this one planned/),
  });
});

it("a backend that cannot lock is no other run, and neither is any other failure", () => {
  const failed = "Error acquiring the state lock\nError message: dial tcp 127.0.0.1:5432: connect: connection refused";
  expect(new TerraformFailure("plan", "m2m", failed)).toMatchObject({
    code: "terraform-failed",
    message: expect.stringContaining("connection refused"),
  });
  expect(conflictIn("Error: no realm", "m2m")).toBeUndefined();
});
