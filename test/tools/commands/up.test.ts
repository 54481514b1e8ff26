import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { up } from "../../../tools/commands/up";
import type { Session } from "../../../tools/session";
import { rsaPair } from "../../generated-key";
import { fakeProgram, recordOutput, sessionIn, stackOf, temporaryFolder, writeManifest } from "../parts";

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

const run = (session: Session) => up(session, { newKeys: false, yes: false });

describe("the call at the end", () => {
  const API = "http://machine-b:3000/api/protected";
  const KEY = rsaPair().privateKey.export({ type: "pkcs8", format: "pem" });
  let server: Server | undefined;
  afterEach(() => server?.close());

  /** A deployed environment whose issuer and API are at this port, and the keys that are here. */
  function deployed(port: number, keys: Record<string, string | Buffer>, interruption?: AbortSignal) {
    const { session } = project({});
    for (const [name, content] of Object.entries(keys)) writeFileSync(join(folder.path, `${name}.key`), content);
    const outputs = {
      issuer: { value: "http://keycloak:8080/realms/r" },
      api: { value: API },
      connect_to: { value: `keycloak:8080=127.0.0.1:${port},machine-b:3000=127.0.0.1:${port}` },
      key_files: { value: { "machine-a": "machine-a.key", "machine-b": "machine-b.key", "a-third": "a-third.key" } },
    };
    writeFileSync(join(folder.path, "terraform.m2m.tfstate"), JSON.stringify({ version: 4, outputs }));
    const results: [string, unknown][] = [];
    const out = { ...session.out, result: (text: string, data: unknown) => void results.push([text, data]) };
    return { session: { ...session, out, ...(interruption && { interruption }) }, results };
  }

  it("is left out where no caller's key is here, as in a second checkout: that is no failure", async () => {
    const { session, results } = deployed(1, { "machine-b": KEY });
    await run(session);
    expect(results).toEqual([
      [
        expect.stringMatching(/^deployed; no call made: no caller's key is here/),
        { stacks: ["m2m"], applied: [], addresses: [] },
      ],
    ]);
  });

  it("fails at once on a key that cannot be used", async () => {
    const { session } = deployed(1, { "machine-a": "no key" });
    await expect(run(session)).rejects.toMatchObject({
      code: "call-failed",
      message: expect.stringMatching(/^deployed, but .* did not answer machine-a with 200, got: key file .* must hold/),
    });
  });

  it("ends at once by Ctrl-C, also while it waits for an answer", async () => {
    server = createServer(() => undefined).listen(0, "127.0.0.1"); // accepts, and never answers
    await once(server, "listening");
    const interruption = new AbortController();
    const { session } = deployed((server.address() as AddressInfo).port, { "machine-a": KEY }, interruption.signal);
    const ended = run(session);
    await once(server, "connection");
    interruption.abort();
    await expect(ended).rejects.toThrow(/abort/);
  });
});

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
    ["after its provider", { apply: "echo 'Error: Plugin did not respond' >&2; exit 1" }],
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
