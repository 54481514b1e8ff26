import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { restore } from "../../../tools/backup/restore";
import { sessionIn, temporaryFolder } from "../parts";
import { ARCHIVE, fakeDocker, fileOf } from "./parts";

const folder = temporaryFolder();

it("without a terminal a restore needs --yes, and nothing is done before", async () => {
  const docker = fakeDocker(folder.path);
  const file = fileOf(folder.path, "b.dump", ARCHIVE);
  await expect(restore(sessionIn(folder.path), { file, yes: false })).rejects.toMatchObject({
    code: "not-confirmed",
    message:
      "this replaces all that Keycloak's database holds, and there is no terminal to ask for confirmation; pass --yes to go on",
  });
  expect(docker.calls()).toEqual([]);
});

it("a restore waits for no other run on the same checkout", async () => {
  mkdirSync(join(folder.path, ".m2m"));
  const attempt = { pid: process.ppid, started: "", things: [], before: [] };
  const { readFileSync } = await import("node:fs");
  const started = readFileSync(`/proc/${process.ppid}/stat`, "utf8").split(") ").at(-1)!.split(" ")[19];
  writeFileSync(join(folder.path, ".m2m", "attempt-m2m.json"), JSON.stringify({ ...attempt, started }));
  const file = fileOf(folder.path, "b.dump", ARCHIVE);
  await expect(restore(sessionIn(folder.path), { file, yes: true })).rejects.toMatchObject({ code: "busy" });
});
