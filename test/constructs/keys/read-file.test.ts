// Whatever stands in the place of a file that is read: no program waits for it, or reads it without an end.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { SigningKeyPair } from "../../../constructs";
import { configuredPassword } from "../../../constructs/contract/first-administrator";
import { readSources } from "../../../constructs/contract/sources";
import { keyIdInFile } from "../../../constructs/keys/private-key";
import { readBytes, readTextFile, readTextIfThere } from "../../../constructs/keys/read-file";
import { readMachine } from "../../../machines/settings";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { watchSigningKey } from "../../../machines/signing/watch-signing-key";
import { trustedAuthorities } from "../../../network/environment";
import { SignIn } from "../../../provider/admin-api/sign-in";
import { readNewKey } from "../../../tools/keys/choices";
import { openProject, readStacks } from "../../../tools/project/project";
import { localStates, readState } from "../../../tools/project/state";
import { ed25519Pair } from "../../generated-key";
import { fixture, inTemporaryProject, newStack } from "../project";

inTemporaryProject();

/** Puts something into a file's place, and gives the words of an error about it. */
const OTHERS: Record<string, (path: string) => string> = {
  "a named pipe": (path) => {
    execFileSync("mkfifo", [path]);
    return "a named pipe";
  },
  "a device": (path) => {
    symlinkSync("/dev/zero", path);
    return "a device|a symbolic link";
  },
  "a folder": (path) => {
    mkdirSync(path);
    return "a folder";
  },
  "3 GB": (path) => {
    writeFileSync(path, "");
    truncateSync(path, 3e9);
    return "3000000000 bytes, and at most \\d+ are read";
  },
};

const PROJECT = { folder: ".", app: "", outdir: "cdktf.out", context: {} };
const pair = () => new SigningKeyPair(newStack(), "K", { name: "a" });
const ours = () => copyFileSync(fixture("machine-a"), "certs/a-signing.crt");

/** The files that are read, and how. Those that say nothing count as missing where they cannot be read. */
const READERS: Record<string, { path: string; prepare?: () => void; read: (path: string) => unknown; silent?: true }> =
  {
    "a machine's key": { path: "a.key", read: loadSigningKey },
    "a watched key": { path: "a.key", read: watchSigningKey },
    "a passphrase": { path: "pass", read: (file) => readMachine({ KEY_PASSPHRASE_FILE: file }, "a") },
    "a certificate": {
      path: "a.crt",
      read: (path) => SigningKeyPair.fromCertificateFile(newStack(), "K", path),
    },
    "a pair's key": { path: "certs/a-signing.key", prepare: ours, read: pair },
    "a pair's certificate": { path: "certs/a-signing.crt", read: pair },
    "a pair's record": { path: "certs/a-signing.keys.json", prepare: ours, read: pair },
    "a key to be looked into": { path: "a.key", read: (path) => keyIdInFile(path) },
    "a certificate to prepare": { path: "a.crt", read: (certificate) => readNewKey({ certificate }, ["a"]) },
    "the sources": { path: ".m2m/sources.json", read: () => readSources(".") },
    "the project": { path: "cdktf.json", prepare: () => rmSync("cdktf.json"), read: () => openProject() },
    "the manifest": { path: "cdktf.out/manifest.json", read: () => readStacks(PROJECT) },
    "a state": { path: "terraform.a.tfstate", read: readState },
    "the states beside cdktf.json": { path: "terraform.a.tfstate", read: () => localStates(PROJECT) },
    "the administrator": {
      path: "bootstrap-admin/Server/keycloak.conf",
      read: () => configuredPassword("."),
    },
    "the CAs": { path: "ca.pem", read: (file) => trustedAuthorities({ SSL_CERT_FILE: file }) },
    "the provider's assertion": {
      path: "assertion.jwt",
      read: (assertionFile) =>
        new SignIn(
          { realm: "master", signingAlgorithm: "RS256", assertionFile },
          async () => new Response(),
          async () => "",
        ).accessToken(),
    },
  };

const cases = Object.entries(READERS).flatMap(([what, reader]) =>
  Object.keys(OTHERS).map((other) => [other, what, reader, OTHERS[other]!] as const),
);

describe("in the place of a file", () => {
  it.each(cases)("%s is refused at once: %s", async (_, __, { path, prepare, read }, put) => {
    mkdirSync(dirname(path), { recursive: true });
    mkdirSync("certs", { recursive: true });
    prepare?.();
    const words = put(path);
    const begun = performance.now();
    await expect((async () => read(path))()).rejects.toThrow(new RegExp(words));
    expect(performance.now() - begun).toBeLessThan(5000);
  });

  it.each(Object.entries(OTHERS))("of a watched key, %s leaves the key in hand", (_, put) => {
    const lines: string[] = [];
    writeFileSync("a.key", ed25519Pair().privateKey.export({ type: "pkcs8", format: "pem" }));
    const current = watchSigningKey("a.key", { log: (line) => lines.push(line) });
    const { kid } = current();
    rmSync("a.key");
    const words = put("a.key");
    expect(current().kid).toBe(kid);
    expect(lines.join("\n")).toMatch(new RegExp(`still signs: .*(${words})`));
  });

  it("a socket is refused", async () => {
    const server = createServer().listen("a.sock");
    await new Promise((done) => server.once("listening", done));
    expect(() => readTextFile("a.sock")).toThrow("a.sock cannot be read, got: a socket; put a regular file there");
    server.close();
  });
});

describe("a file", () => {
  it("may be empty, a link or one of /proc, which has no size", () => {
    writeFileSync("empty", "");
    symlinkSync("empty", "link");
    expect([readTextFile("empty"), readTextFile("link")]).toEqual(["", ""]);
    expect(() => readTextFile("link", { followsLinks: false })).toThrow("ELOOP");
    if (process.platform === "linux") expect(readTextFile("/proc/self/stat")).toContain(`${process.pid} (`);
  });

  it("may be missing, or below what is no folder", () => {
    writeFileSync("file", "");
    expect([readTextIfThere("none"), readTextIfThere("file/none")]).toEqual([undefined, undefined]);
    expect(() => readTextFile("none")).toThrow("none cannot be read, got: ENOENT; put a regular file there");
  });

  it("is read to its end, up to a number of bytes", () => {
    const content = Buffer.alloc(300_000, "ä");
    writeFileSync("large", content);
    expect(readBytes("large")).toEqual(content);
    expect(() => readBytes("large", { mostBytes: 299_999 })).toThrow("300000 bytes, and at most 299999 are read");
    if (process.platform === "linux") {
      expect(() => readTextFile("/proc/self/stat", { mostBytes: 10 })).toThrow("more bytes, and at most 10 are read");
    }
  });

  it("is named by no key that was given in place of its path", () => {
    vi.stubEnv("CI", "true");
    expect(() => readTextFile(Buffer.alloc(48, "aB3").toString("base64"))).toThrow(/^\(an? .*text of 64 characters/);
  });
});
