import { existsSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pairMarker } from "../../../constructs/contract/markers";
import { selfSign } from "../../../constructs/keys/self-sign";
import { painter } from "../../../tools/colour";
import { type ListedPair, listPair, printPairs } from "../../../tools/keys/list";
import type { KeyUse } from "../../../tools/keys/live-use";
import { readPairs } from "../../../tools/keys/pairs";
import { ed25519Pair } from "../../generated-key";
import { overridden } from "../overridden";
import { keysProject } from "./keys-project";

const project = keysProject();

const short = (path: string, place: number) => project.recordFor(path).keys[place]!.kid.slice(0, 8);

describe("list", () => {
  const days = 90;
  const line = (path: string, place: number, rest: string) => {
    const { since, until, state } = project.recordFor(path).keys[place]!;
    return `  ${short(path, place)}  EdDSA  ${state.padEnd(8)}  since ${since.slice(0, 10)}, certificate until ${until.slice(0, 10)}, ${days} days left  ${rest}`;
  };

  it("shows each pair with its clients, and where each key is", async () => {
    project.deploy("two");
    await project.run("prepare two");
    rmSync(project.filesFor("one").key);
    const { text, data } = await project.run("");
    expect(text.split("\n")).toEqual([
      "one (client one)",
      line("one", 0, "not deployed, private half not here"),
      "two (client two-reader, two-writer)",
      line("two", 0, "deployed, private half here"),
      line("two", 1, "not deployed, private half here"),
    ]);
    const { certificate, ...facts } = project.recordFor("one").keys[0]!;
    expect(data[0]).toEqual({
      name: "one",
      clients: ["one"],
      keys: [{ ...facts, daysLeft: expect.any(Number), due: false, deployed: false, private: false }],
    });
    expect((await project.run("list one")).data).toEqual([data[0]]);
  });

  it("shows a private half as here only if the key file holds it", async () => {
    writeFileSync("new.crt", selfSign(ed25519Pair().privateKey, "one", 90));
    await project.run("prepare one", { certificate: "new.crt" });
    await project.run("activate one", { force: true });
    const { data } = await project.run("list one");
    expect(data[0].keys.map((key: { private: boolean }) => key.private)).toEqual([true, false]);
  });

  it("says what to do if nothing is declared, and names a pair without a client", async () => {
    project.declare({ one: [] });
    expect((await project.run("list")).text.split("\n")[0]).toBe("one (no client)");
    project.declare({});
    expect((await project.run("list")).text).toBe("no key pairs: declare a SigningKeyPair");
  });

  it("changes no byte, and takes no lock", async () => {
    const before = project.certs();
    await project.run("list");
    expect(project.certs()).toEqual(before);
    expect(existsSync(".m2m")).toBe(false);
  });
});

describe("who signs with which key", () => {
  const use = (key: string | undefined, address: string, last: string): KeyUse => ({
    key,
    address,
    last: new Date(last),
  });

  /** The pair `one`, listed as if these were its sign-ins. */
  function listed(uses?: readonly KeyUse[]): ListedPair {
    const directory = "certs";
    const description = { name: "one", directory, privateKeyDirectory: directory, algorithm: "EdDSA" } as const;
    const marker = pairMarker("one", { ...description, validityDays: 90, kids: [], revoked: [] });
    const stack = { name: "m2m", folder: ".", json: overridden({ terraform: {} }, marker), remarks: [] };
    const folder = process.cwd();
    const [pair] = readPairs({ folder, app: "", outdir: "cdktf.out", context: {} }, [stack], new Map());
    return listPair(pair!, uses);
  }

  it("is shown below each key, with address and latest time, and unknown keys at the end", async () => {
    await project.run("prepare one");
    const pair = listed([
      use(short("one", 0), "10.0.0.2", "2026-11-25T09:31:54.900Z"),
      use(short("one", 0), "10.0.0.1", "2026-11-24T00:00:00Z"),
      use(undefined, "10.0.0.3", "2026-11-25T08:00:00Z"),
      use("anothers", "10.0.0.4", "2026-11-25T08:00:00Z"),
    ]);
    expect(pair.keys.map(({ uses }) => uses)).toEqual([
      [
        { address: "10.0.0.2", last: "2026-11-25T09:31:54.900Z" },
        { address: "10.0.0.1", last: "2026-11-24T00:00:00.000Z" },
      ],
      [],
    ]);
    expect(pair.unknown).toEqual([
      { address: "10.0.0.3", last: "2026-11-25T08:00:00.000Z" },
      { address: "10.0.0.4", last: "2026-11-25T08:00:00.000Z", key: "anothers" },
    ]);
    const lines = printPairs([pair]).split("\n");
    expect(lines.map((line) => line.trimStart().split("  ")[0])).toEqual([
      "one (no client)",
      short("one", 0),
      "signed in from 10.0.0.2, last at 2026-11-25T09:31:54Z",
      "signed in from 10.0.0.1, last at 2026-11-24T00:00:00Z",
      short("one", 1),
      "nobody signed in within a day",
      "none of these keys",
      "signed in from 10.0.0.3, last at 2026-11-25T08:00:00Z",
      "signed in from 10.0.0.4, last at 2026-11-25T08:00:00Z (anothers)",
    ]);
  });

  it("is left out if not asked for or not known, and is empty if there was no use", () => {
    expect(listed()).not.toHaveProperty("unknown");
    expect(listed().keys[0]).not.toHaveProperty("uses");
    expect(listed([])).toMatchObject({ unknown: [], keys: [{ uses: [] }] });
    expect(printPairs([listed([])])).toBe(`${printPairs([listed()])}\n            nobody signed in within a day`);
  });

  it("marks a certificate that is due or has ended", () => {
    const [pair] = [listed()];
    const as = (more: object) => printPairs([{ ...pair!, keys: [{ ...pair!.keys[0]!, ...more }] }], painter(true));
    expect(as({ daysLeft: 20, due: true })).toContain(", 20 days left, \u001b[33mdue\u001b[39m  ");
    expect(as({ until: "2026-01-01T00:00:00Z" })).toContain(
      "certificate until 2026-01-01, \u001b[31mHAS ENDED\u001b[39m  ",
    );
  });

  it("is a warning if Keycloak cannot be asked, and the list is shown anyway", async () => {
    const { text, warned, data } = await project.run("list one", { live: true });
    expect(warned).toEqual([expect.stringMatching(/^one: who signs with which key is not known: ./)]);
    expect(text).toBe((await project.run("list one")).text);
    expect(data[0]).not.toHaveProperty("unknown");
    expect(warned[0]).toContain(data[0].whyNotKnown);
  });
});

it("assumes that an encrypted key file holds the active key", async () => {
  const { key } = project.filesFor("one");
  const cipher = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
  writeFileSync(key, ed25519Pair().privateKey.export(cipher));
  expect((await project.run("list one")).data[0].keys[0]).toMatchObject({ state: "active", private: true });
});
