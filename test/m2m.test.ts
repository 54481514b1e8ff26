import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

/** The sources that a checkout's programs are made of, and what is made of them. */
const SOURCES = [
  "constructs/index.ts",
  "machines/index.ts",
  "network/failure.ts",
  "provider/main.ts",
  "tools/main.ts",
  "scripts/build.ts",
];
const MADE = ["node_modules/.package-lock.json", ".gen/providers/index.ts", "dist/m2m.cjs"];

let checkout: string;
let programs: string;

/** A checkout as it is after `npm ci`, an hour ago, with an npm that only says what it is asked for. */
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "m2m-checkout-"));
  programs = mkdtempSync(join(tmpdir(), "m2m-programs-"));
  cpSync(join(__dirname, "..", "m2m"), join(checkout, "m2m"));
  for (const file of [...SOURCES, "cdktf.json", "package-lock.json"]) write(file, 2);
  for (const file of MADE) write(file, 1);
  for (const folder of ["constructs", "machines", "network", "provider", "tools", "scripts"]) age(folder, 2);
  writeFileSync(join(programs, "npm"), '#!/bin/sh\necho "npm $*"\n');
  chmodSync(join(programs, "npm"), 0o755);
});
afterEach(() => {
  for (const folder of [checkout, programs]) rmSync(folder, { recursive: true, force: true });
});

function write(file: string, hours: number): void {
  mkdirSync(dirname(join(checkout, file)), { recursive: true });
  writeFileSync(join(checkout, file), 'process.stdout.write("the program");');
  age(file, hours);
}

function age(path: string, hours: number): void {
  const time = new Date(Date.now() - hours * 3_600_000);
  utimesSync(join(checkout, path), time, time);
}

/** What `./m2m` had npm do before it started the program. */
async function asked(): Promise<string> {
  const PATH = [programs, process.env.PATH].join(delimiter);
  const { stdout, stderr } = await execa(join(checkout, "m2m"), { cwd: tmpdir(), env: { PATH } });
  expect(stdout).toBe("the program");
  return stderr;
}

describe("./m2m", () => {
  it("starts the program at once if nothing has changed", async () => {
    expect(await asked()).toBe("");
  });

  it.each([...SOURCES, "cdktf.json"])("builds again if %s is newer", async (file) => {
    write(file, 0);
    expect(await asked()).toBe("npm run --silent build");
  });

  it("builds again if a source was deleted", async () => {
    rmSync(join(checkout, "provider/main.ts"));
    expect(await asked()).toBe("npm run --silent build");
  });

  it("builds again if a source was moved and kept its time", async () => {
    renameSync(join(checkout, "tools/main.ts"), join(checkout, "tools/moved.ts"));
    expect(await asked()).toBe("npm run --silent build");
  });

  it("builds again if the bindings are missing", async () => {
    rmSync(join(checkout, ".gen"), { recursive: true });
    expect(await asked()).toBe("npm run --silent build");
  });

  it("installs the dependencies, which builds too, if the lock file is newer", async () => {
    write("package-lock.json", 0);
    write("tools/main.ts", 0);
    expect(await asked()).toBe("npm ci --no-audit --no-fund --no-update-notifier --loglevel=error");
  });

  it("has npm empty nothing that a link leads to", async () => {
    const elsewhere = join(programs, "node_modules");
    renameSync(join(checkout, "node_modules"), elsewhere);
    symlinkSync(elsewhere, join(checkout, "node_modules"));
    expect(await asked()).toBe("");
    age("package-lock.json", 0);
    await expect(asked()).rejects.toThrow("m2m: node_modules is a link, and what it leads to was not installed from");
  });
});
