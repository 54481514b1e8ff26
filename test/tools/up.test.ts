import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { up } from "../../tools/commands/up";
import type { Session } from "../../tools/session";
import { fakeProgram, recordOutput, sessionIn, stackOf, temporaryFolder, writeManifest } from "./parts";

const folder = temporaryFolder();
const record = () => join(folder.path, ".m2m", "attempt-m2m.json");

/** A project of one stack with one container, which Docker has under this id or has not, and what `apply` does. */
function project({ apply = "", there = "", interrupted = false }): { session: Session; applies: () => string[] } {
  const interruption = interrupted ? AbortSignal.abort() : new AbortController().signal;
  const plain = sessionIn(folder.path, recordOutput(), interruption);
  const session = { ...plain, project: { ...plain.project, app: "touch cdktf.out/manifest.json" } };
  writeManifest(session.project, [
    stackOf({ docker_container: { C: { name: "keycloak" } } }, join(session.project.outdir, "stacks", "m2m")),
  ]);
  const list = there && `"container ls"*) echo ${there} keycloak;;`;
  fakeProgram(folder.path, "docker", `case "$*" in ${list} *) echo "Error: No such container: x" >&2; exit 1;; esac`);
  const script = `case "$1" in init) mkdir -p .terraform;; apply) test -e '${record()}' || exit 9; ${apply};; esac`;
  const terraform = fakeProgram(folder.path, "terraform", script);
  return { session, applies: () => terraform.calls().filter((call) => call.startsWith("apply")) };
}

const run = (session: Session) => up(session, { newKeys: false });

describe("the record of what up is about to make", () => {
  it("is there while Terraform applies, and gone afterwards", async () => {
    await run(project({}).session);
    expect(existsSync(record())).toBe(false);
  });

  it("is gone after a failure that Terraform has saved in its state", async () => {
    await expect(run(project({ apply: "exit 1" }).session)).rejects.toMatchObject({ code: "terraform-failed" });
    expect(existsSync(record())).toBe(false);
  });

  it.each([
    ["killed", { apply: "kill -9 $$" }],
    ["interrupted", { apply: "exit 1", interrupted: true }],
    ["without its state", { apply: "echo 'Error: see errored.tfstate' >&2; exit 1" }],
  ])("stays after a Terraform that ended %s", async (_, options) => {
    await expect(run(project(options).session)).rejects.toThrow();
    expect(existsSync(record())).toBe(true);
  });
});

it("up touches nothing that another checkout made under the same name", async () => {
  const { session, applies } = project({ there: "other" });
  await expect(run(session)).rejects.toMatchObject({ code: "name-in-use" });
  expect(applies()).toEqual([]);
  expect(existsSync(record())).toBe(false);
});
