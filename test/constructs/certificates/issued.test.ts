import { spawn, spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { beforeEach, describe, expect, it } from "vitest";
import { inTemporaryProject } from "../project";
import { openssl } from "./made";

inTemporaryProject();

/** The app in one file, as its processes are to start at once. */
const APP = buildSync({
  entryPoints: [join(__dirname, "issued.app.ts")],
  bundle: true,
  platform: "node",
  format: "cjs",
  write: false,
}).outputFiles[0]!.text;

beforeEach(() => writeFileSync("app.cjs", APP));

const run = (env: Record<string, string> = {}) =>
  spawnSync(process.execPath, ["app.cjs"], { encoding: "utf8", env: { ...process.env, ...env } });

function printsOnDisk(): string {
  const print = (name: string) => new X509Certificate(readFileSync(`certs/${name}.crt`)).fingerprint256;
  return `${print("ca")} ${print("api-tls")}`;
}

function expectSound(): void {
  const verified = openssl(["verify", "-x509_strict", "-CAfile", "certs/ca.crt", "certs/api-tls.crt"]);
  expect(verified).toContain("certs/api-tls.crt: OK");
  for (const name of ["ca", "api-tls"]) {
    const key = createPrivateKey(readFileSync(`certs/${name}.key`));
    expect(new X509Certificate(readFileSync(`certs/${name}.crt`)).checkPrivateKey(key), name).toBe(true);
  }
}

describe("a crash", () => {
  /** Kills a run at each of its writes; gives how many there were. */
  function killEverywhere(env: Record<string, string>, before: () => void, check: () => void): number {
    for (let write = 1; ; write++) {
      for (const when of ["before", "after"]) {
        before();
        const { signal, status } = run({ ...env, KILL_AT: `${write} ${when}` });
        if (signal === null) {
          expect(status).toBe(0);
          return write - 1;
        }
        expect(signal).toBe("SIGKILL");
        check();
      }
    }
  }
  const clear = () => rmSync("certs", { recursive: true, force: true });

  it("anywhere in the making is made good by the next run", () => {
    const writes = killEverywhere({}, clear, () => {
      const { stdout, stderr } = run();
      expect(stdout, stderr).toBe(printsOnDisk());
      expectSound();
      expect(run({ CREATION: "no" }).stdout).toBe(stdout);
    });
    expect(writes).toBeGreaterThanOrEqual(4); // two keys, two certificates
  });

  it("anywhere in a renewal with a new key leaves the old pair or the new one", () => {
    const before = () => {
      clear();
      run();
    };
    const writes = killEverywhere({ RENEWAL: "new key" }, before, () => {
      const { stdout, stderr } = run({ CREATION: "no" });
      expect(stdout, stderr).toBe(printsOnDisk());
      expectSound();
    });
    expect(writes).toBeGreaterThanOrEqual(4); // the key beside, the certificate, the key, and the one beside again
    expect(readdirSync("certs").sort()).toEqual(["api-tls.crt", "api-tls.key", "ca.crt", "ca.key"]);
  });
});

it("several runs at once give one CA and one certificate, which are those in the files", async () => {
  const start = () =>
    new Promise<string>((resolve) => {
      const child = spawn(process.execPath, ["app.cjs"], { stdio: ["ignore", "pipe", "pipe"] });
      let text = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (part) => (text += part));
      child.on("close", () => resolve(text));
    });
  for (let round = 0; round < 4; round++) {
    rmSync("certs", { recursive: true, force: true });
    const given = await Promise.all([start(), start(), start(), start()]);
    expect(new Set(given)).toEqual(new Set([printsOnDisk()]));
    expectSound();
  }
});

describe("nothing is issued", () => {
  it("with a new key where none may be made, and the former pair stays", () => {
    const { stdout } = run();
    const { stderr, status } = run({ RENEWAL: "new key", CREATION: "CI is set" });
    expect(status).toBe(1);
    expect(stderr).toContain("certs/api-tls.crt is not issued again, as no new key is made here: CI is set");
    expect(run().stdout).toBe(stdout);
  });

  it("over a file of another key, and the message says which files", () => {
    run();
    const other = openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]);
    writeFileSync("certs/api-tls.key", other);
    const { stderr } = run({ RENEWAL: "same key" });
    expect(stderr).toContain("certs/api-tls.crt must certify the key in certs/api-tls.key, got: another key");
    expect(readFileSync("certs/api-tls.key", "utf8")).toBe(other);
  });

  it("where a file is in the folder's place, or a folder in the file's", () => {
    writeFileSync("certs", "");
    expect(run().stderr).toMatch(/certs\/ca\.key cannot be written, got: (ENOTDIR|EEXIST)/);
    rmSync("certs");
    mkdirSync("certs/ca.crt", { recursive: true });
    expect(run().stderr).toContain("certs/ca.crt must be a regular file, got: a folder");
    expect(readdirSync("certs")).toEqual(["ca.crt"]);
  });
});
