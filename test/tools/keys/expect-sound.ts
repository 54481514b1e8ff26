import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { activeOf } from "../../../constructs/keys/key-record";
import { filesIn, heldIn, kidIn, privateHalves, recordIn, synthesizeIn } from "./living-pair";

/**
 * What holds for whoever reads the folder at any time, also while a command is at work or after one was ended: a record
 * with one active key, and whole files under final names that nobody else may read.
 */
export function expectSound(folder: string): void {
  const facts = synthesizeIn(folder);
  const record = recordIn(folder);
  expect(record.keys.filter(({ state }) => state === "active").map(({ kid }) => kid)).toEqual([facts.kid]);
  expect(facts.accepted.length).toBeGreaterThan(0);
  expect(facts.accepted.map(({ kid }) => kid)).toEqual(
    record.keys.filter(({ state }) => state !== "revoked").map(({ kid }) => kid),
  );
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const isPrivate = name.endsWith(".key");
    expect([name, (statSync(path).mode & 0o777).toString(8)]).toEqual([name, isPrivate ? "600" : "644"]);
    if (name.startsWith(".")) continue; // what a crash left half-written has no final name
    if (isPrivate) expect([name, kidIn(path)]).toEqual([name, expect.any(String)]);
    else expect(readFileSync(path, "utf8").endsWith("\n")).toBe(true);
  }
  const staged = readdirSync(folder).filter((name) => /^m-signing\..{8}\.key$/.test(name));
  for (const name of staged) expect(name).toBe(basename(filesIn(folder).staged(kidIn(join(folder, name))!)));
}

/** What holds once a command has ended: the key file holds the active key, and no trace of a revoked one is left. */
export function expectSettled(folder: string): void {
  expectSound(folder);
  const record = recordIn(folder);
  expect(heldIn(folder)).toBe(activeOf(record).kid);
  expect(synthesizeIn(folder).isBehind).toBe(false);
  const halves = privateHalves(folder);
  for (const { kid, state } of record.keys) expect([state, halves.has(kid)]).toEqual([state, state !== "revoked"]);
}
