import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { planAndApply } from "../../../tools/deploy/apply-plan";
import { fakeProgram, sessionIn, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();
const file = () => join(folder.path, ".m2m", "plan-m2m");
beforeEach(() => void mkdirSync(join(folder.path, ".m2m")));

const ADDRESS = "keycloak_openid_client.Batch";

/** A Terraform whose plan does this with a client. */
function plan(action: string, actions: string[], apply = "exit 0") {
  const event = { type: "planned_change", change: { action, resource: { addr: ADDRESS } } };
  const change = { actions, before: { client_id: "batch", realm_id: "r" }, after: null };
  const shown = { resource_changes: [{ address: ADDRESS, mode: "managed", type: "keycloak_openid_client", change }] };
  writeFileSync(join(folder.path, "event"), `${JSON.stringify(event)}\n`);
  writeFileSync(join(folder.path, "shown"), JSON.stringify(shown));
  const script = `case "$1" in plan) touch .m2m/plan-m2m; cat event; exit 2;; show) cat shown;; apply) test -e .m2m/plan-m2m || exit 9; ${apply};; esac`;
  const terraform = fakeProgram(folder.path, "terraform", script);
  const run = (yes: boolean, targets?: string[]) =>
    planAndApply(sessionIn(folder.path), stackOf({}, folder.path), { yes, targets });
  return { run, calls: () => terraform.calls().map((call) => call.split(" ")[0]) };
}

describe("a plan", () => {
  it.each([
    ["create", ["create"]],
    ["update", ["update"]],
  ])("that only does %s is applied as it was made, without a question", async (action, actions) => {
    const { run, calls } = plan(action, actions);
    await run(false);
    expect(calls().filter((call) => call !== "show")).toEqual(["plan", "apply"]);
    expect(existsSync(file())).toBe(false);
  });

  it.each([
    ["delete", ["delete"]],
    ["replace", ["delete", "create"]],
  ])("that does %s is told in words, and applied only by --yes where nobody can answer", async (action, actions) => {
    const { run, calls } = plan(action, actions);
    await expect(run(false)).rejects.toMatchObject({
      code: "not-confirmed",
      message: expect.stringMatching(
        /^this destroys, in stack m2m:\n {2}client batch of realm r \(keycloak_openid_client\.Batch\).*\nThere is no terminal to ask for confirmation; pass --yes to go on$/,
      ),
    });
    expect(calls()).toEqual(["plan", "show"]);
    expect(existsSync(file())).toBe(false);
    await run(true);
    expect(calls().slice(2)).toEqual(["plan", "show", "apply"]);
  });

  it("is held to the same where it is of some addresses", async () => {
    await expect(plan("delete", ["delete"]).run(false, ["docker_volume.V"])).rejects.toMatchObject({
      code: "not-confirmed",
    });
  });

  it("is made anew if files changed right before it is applied, as its key file may have", async () => {
    const { calls } = plan("create", ["create"]);
    const changed = [true, false];
    const before = async () => changed.shift() ?? false;
    await planAndApply(sessionIn(folder.path), stackOf({}, folder.path), { yes: false, before });
    expect(calls().filter((call) => call !== "show")).toEqual(["plan", "plan", "apply"]);
  });

  it("comes before anything else: without a yes nothing is done before it is applied", async () => {
    plan("delete", ["delete"]);
    const before = () => Promise.reject(new Error("must not run"));
    const applied = planAndApply(sessionIn(folder.path), stackOf({}, folder.path), { yes: false, before });
    await expect(applied).rejects.toMatchObject({ code: "not-confirmed" });
  });

  it("leaves no file if it fails", async () => {
    await expect(plan("create", ["create"], "exit 1").run(false)).rejects.toMatchObject({ code: "terraform-failed" });
    expect(existsSync(file())).toBe(false);
  });
});
