import { existsSync, readFileSync, statSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PrivateLocalBackend } from "../../constructs";
import { inTemporaryProject, newStack, synth, writeProjectFile } from "./project";

inTemporaryProject();

const STATE = "terraform.test.tfstate";
const mode = (path: string) => statSync(path).mode & 0o777;

function withUmask(umask: number, action: () => void): void {
  const before = process.umask(umask);
  try {
    action();
  } finally {
    process.umask(before);
  }
}

describe("PrivateLocalBackend", () => {
  it("keeps the state beside cdktf.json, by a path that is the same in every checkout", () => {
    const stack = newStack();
    new PrivateLocalBackend(stack);
    expect(synth(stack).terraform.backend).toEqual({ local: { path: `../../../${STATE}` } });
  });

  it.each([0o022, 0o000, 0o077])("makes empty files of mode 0600 under umask %o", (umask) => {
    withUmask(umask, () => new PrivateLocalBackend(newStack()));
    for (const file of [STATE, `${STATE}.backup`]) {
      expect(mode(file)).toBe(0o600);
      expect(readFileSync(file, "utf8")).toBe("");
    }
  });

  it("closes a state that is open to others, and leaves its content", () => {
    withUmask(0o022, () => {
      writeProjectFile(STATE, '{"version":4}');
      writeProjectFile(`${STATE}.backup`, "older");
    });
    expect(mode(STATE)).toBe(0o644);
    new PrivateLocalBackend(newStack());
    expect([mode(STATE), mode(`${STATE}.backup`)]).toEqual([0o600, 0o600]);
    expect(readFileSync(STATE, "utf8")).toBe('{"version":4}');
    expect(readFileSync(`${STATE}.backup`, "utf8")).toBe("older");
  });

  it("gives each stack a state of its own", () => {
    for (const id of ["one", "two"]) new PrivateLocalBackend(newStack(id));
    expect(existsSync("terraform.one.tfstate")).toBe(true);
    expect(existsSync("terraform.two.tfstate")).toBe(true);
  });
});
