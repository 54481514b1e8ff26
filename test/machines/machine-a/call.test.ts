// machine-a in Bash with each algorithm; machine-a.test.ts has what it shares with machine-a in TypeScript.
import { execFile, execFileSync } from "node:child_process";
import { sign, verify } from "node:crypto";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { delimiter, dirname, resolve } from "node:path";
import { type ServerType, serve } from "@hono/node-server";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildApp } from "../../../machines/machine-b/app";
import { encodingsOf, leakOf } from "../../constructs/keys/key-encodings";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { pemBlock } from "../../pem";
import { ALL_ALGORITHMS, type AnyAlgorithm, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";

const SCRIPT = resolve(__dirname, "../../../machines/machine-a/call.sh");
const CALLED = { code: 0, out: "HTTP 200\ncaller: machine-a\nverified: offline\n", err: "" };

const folder = testFolder();
const keys = new Map<AnyAlgorithm, TestKey<AnyAlgorithm>>();
let issuer: TestIssuer;
let api: ServerType;
let connectTo: string;

beforeAll(async () => {
  const signingKey = await folder.rsaKey("realm.key");
  issuer = await new TestIssuer(signingKey).start();
  for (const algorithm of ALL_ALGORITHMS) keys.set(algorithm, await folder.key(`${algorithm}.key`, algorithm));
  const app = buildApp({ issuer: issuer.open(), audience: "machine-b", clientId: "machine-b", signingKey });
  api = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
  await new Promise((done) => api.once("listening", done));
  connectTo = `${issuer.connectTo},machine-b:3000=127.0.0.1:${(api.address() as AddressInfo).port}`;
  mkdirSync(folder.path("tmp"));
});
beforeEach(() => issuer.reset());
afterAll(async () => {
  api.close();
  await issuer.stop();
  folder.remove();
});

function run(env: Record<string, string>, script = SCRIPT): Promise<{ code: number; out: string; err: string }> {
  const settings = {
    PATH: process.env.PATH,
    TMPDIR: folder.path("tmp"),
    ISSUER: issuer.url,
    CONNECT_TO: connectTo,
    ALLOW_INSECURE_HTTP: "true",
    ...env,
  };
  return new Promise((done) => {
    execFile("bash", [script], { env: settings }, (error, out, err) => {
      done({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

/** The environment that makes it sign so: RSA keys leave a choice, and the rest follows from the key. */
function signingWith(algorithm: AnyAlgorithm): Record<string, string> {
  const KEY_FILE = keys.get(algorithm)!.file;
  return /^RS(384|512)|^PS/.test(algorithm) ? { KEY_FILE, ALGORITHM: algorithm } : { KEY_FILE };
}

describe.each(ALL_ALGORITHMS)("a key for %s", { timeout: 20_000 }, (algorithm) => {
  it("signs an assertion that the issuer takes, and leaves no file", async () => {
    const key = keys.get(algorithm)!;
    issuer.clients.set("machine-a", key);
    expect(await run(signingWith(algorithm))).toEqual(CALLED);
    const assertion = issuer.received.find(({ path }) => path.endsWith("/token"))!.form.get("client_assertion")!;
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: algorithm, typ: "JWT", kid: key.kid });
    await jwtVerify(assertion, key.publicKey, { algorithms: [algorithm], audience: issuer.url });
    expect(readdirSync(folder.path("tmp"))).toEqual([]);
  });

  it("is asked for by its name too, and refused by any name that it does not fit", async () => {
    const { file: KEY_FILE } = keys.get(algorithm)!;
    issuer.clients.set("machine-a", keys.get(algorithm)!);
    expect(await run({ KEY_FILE, ALGORITHM: algorithm })).toEqual(CALLED);
    const rsa = /^[RP]S/.test(algorithm);
    const fits = rsa ? "RS256, RS384, RS512, PS256, PS384 or PS512" : algorithm;
    const kind = rsa
      ? "RSA"
      : { ES256: "P-256", ES384: "P-384", ES512: "P-521", EdDSA: "Ed25519" }[algorithm as string];
    for (const other of [rsa ? "ES256" : "RS256", "HS256"]) {
      expect(await run({ KEY_FILE, ALGORITHM: other })).toEqual({
        code: 1,
        out: "",
        err: `machine-a: key file ${KEY_FILE} must hold a key for ${other}, got: ${kind}, which signs with ${fits}\n`,
      });
    }
  });

  it("may stand in a variable, with its line ends as two characters", async () => {
    issuer.clients.set("machine-a", keys.get(algorithm)!);
    const { KEY_FILE, ...more } = signingWith(algorithm);
    const text = readFileSync(KEY_FILE!, "utf8");
    for (const A_KEY of [text, text.replaceAll("\n", "\\n")]) {
      expect(await run({ ...more, KEY_VARIABLE: "A_KEY", A_KEY })).toEqual(CALLED);
    }
    for (const KEY_VARIABLE of ["NO_KEY", "no name", text]) {
      const { code, err } = await run({ KEY_VARIABLE });
      expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("cannot be read (not set)") });
      expect(err).not.toContain(text.slice(30, 60));
    }
  });

  it("is on no command line, nor are token and assertion", async () => {
    // Stand-ins that write down how they were called and then become the real program.
    const log = folder.path("commands.log");
    const tools = ["curl", "jq", "openssl", "tr", "sed", "cat", "mktemp", "rm"];
    for (const tool of tools) {
      const path = folder.write(
        tool,
        `#!/bin/sh\nprintf '%s ' ${tool} "$@" >> '${log}'\nPATH=$REAL_PATH exec ${tool} "$@"\n`,
      );
      chmodSync(path, 0o755);
    }
    const script = folder.path("call.sh");
    copyFileSync(SCRIPT, script);
    issuer.clients.set("machine-a", keys.get(algorithm)!);
    const PATH = `${dirname(log)}${delimiter}${process.env.PATH}`;
    const result = await run({ ...signingWith(algorithm), PATH, REAL_PATH: process.env.PATH! }, script);
    expect(result).toEqual(CALLED);
    const commands = readFileSync(log, "utf8");
    expect(commands).toContain("curl --disable");
    expect(commands).not.toMatch(/eyJ|PRIVATE KEY|MII|MC4/);
  });
});

describe("keys of other kinds", () => {
  it.each([
    ["secp256k1", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]],
    ["ED448", ["-algorithm", "ED448"]],
    ["X25519", ["-algorithm", "X25519"]],
    ["RSA-PSS", ["-algorithm", "RSA-PSS"]],
  ])("are refused in words: %s", async (kind, args) => {
    const KEY_FILE = folder.write(
      "other.key",
      execFileSync("openssl", ["genpkey", ...args], { encoding: "utf8", stdio: "pipe" }),
    );
    expect(await run({ KEY_FILE })).toEqual({
      code: 1,
      out: "",
      err: `machine-a: key file ${KEY_FILE} must hold an RSA, P-256, P-384, P-521 or Ed25519 key, got: ${kind}\n`,
    });
  });
});

describe("raw_ecdsa", () => {
  const { privateKey, publicKey } = ecPair();

  /** What the script makes of signatures in DER. */
  function raw(signatures: readonly Buffer[]): string[] {
    const files = signatures.map((der, index) => {
      const file = folder.path(`${index}.der`);
      writeFileSync(file, der);
      return file;
    });
    const program = `set -euo pipefail
      eval "$(sed -n '/^raw_ecdsa() {/,/^}/p' "$1")"
      shift
      for file in "$@"; do raw_ecdsa 32 <"$file" | openssl base64 -e -A; echo; done`;
    return execFileSync("bash", ["-c", program, "raw", SCRIPT, ...files], { encoding: "utf8" })
      .trim()
      .split("\n");
  }

  /** RFC 3279 section 2.2.3: a sequence of two integers, here below 2^255. */
  const der = (r: number[], s: number[]) =>
    Buffer.from([0x30, r.length + s.length + 4, 2, r.length, ...r, 2, s.length, ...s]);

  /** Both numbers, without the zero that keeps them positive. */
  function numbers(signature: Buffer): Buffer[] {
    const rest = signature.subarray(2);
    const r = rest.subarray(2, 2 + rest[1]!);
    return [r, rest.subarray(r.length + 4)].map((number) => (number[0] === 0 ? number.subarray(1) : number));
  }

  it("pads what DER has cut off", () => {
    const thirty = [0x7f, ...Array.from({ length: 29 }, (_, index) => index)];
    const [one, zeros, odd] = raw([der([1], [2]), der(thirty, [0, 0x80]), der([0x0a], thirty)]);
    expect(Buffer.from(one!, "base64").toString("hex")).toBe(`${"01".padStart(64, "0")}${"02".padStart(64, "0")}`);
    const hex = Buffer.from(thirty).toString("hex").padStart(64, "0");
    expect(Buffer.from(zeros!, "base64").toString("hex")).toBe(hex + "80".padStart(64, "0"));
    expect(Buffer.from(odd!, "base64").toString("hex")).toBe("0a".padStart(64, "0") + hex);
  });

  it("gives 64 bytes that verify, of many signatures and of all short ones among very many", {
    timeout: 60_000,
  }, () => {
    const made = Array.from({ length: 10_000 }, (_, index) => {
      const data = Buffer.from(`assertion ${index}`);
      return { data, der: sign("sha256", data, privateKey) };
    });
    const short = made.filter(({ der }) => numbers(der).some((number) => number.length < 32));
    expect(short.length).toBeGreaterThan(20);
    const chosen = [...short.slice(0, 60), ...made.slice(0, 100)];
    const results = raw(chosen.map(({ der }) => der)).map((text) => Buffer.from(text, "base64"));
    expect(results).toHaveLength(chosen.length);
    for (const [index, signature] of results.entries()) {
      expect(signature).toHaveLength(64);
      const { data } = chosen[index]!;
      expect(verify("sha256", data, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature), `${index}`).toBe(true);
    }
  });
});

describe("a pipe, a device and a huge file", () => {
  const put = (name: string, ...command: [string, ...string[]]) => {
    const [program, ...args] = command;
    execFileSync(program, [...args, folder.path(name)]);
    return folder.path(name);
  };

  it.each(["KEY_FILE", "KEY_PASSPHRASE_FILE"])("as %s are refused at once", { timeout: 30_000 }, async (name) => {
    const paths = [put(`${name}.fifo`, "mkfifo"), "/dev/zero", put(`${name}.huge`, "truncate", "-s", "3G")];
    for (const path of paths) {
      const { code, err } = await run({ KEY_FILE: keys.get("RS256")!.file, [name]: path });
      expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/cannot be read|can be read, got: /) });
      expect(err).toContain(path);
    }
  });
});

describe("a key whose passphrase goes through too many rounds", () => {
  it("is refused after seconds", { timeout: 120_000 }, async () => {
    const options = ["-topk8", "-outform", "DER", "-passout", "pass:x", "-iter", "100000"];
    const quick = execFileSync("openssl", ["pkcs8", "-in", keys.get("ES256")!.file, ...options]).toString("hex");
    const slow = Buffer.from(quick.replace("02030186a0", "02037fffff"), "hex");
    expect(slow.toString("hex")).not.toBe(quick);
    const file = folder.write("slow.key", pemBlock("ENCRYPTED PRIVATE KEY", slow.toString("base64")));
    const { code, err } = await run({ KEY_FILE: file, KEY_PASSPHRASE: "x" });
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining("encrypt it again with fewer rounds") });
  });
});

describe("a key that is given by mistake", () => {
  const [rsa, ed25519] = [rsaPair(), ed25519Pair()].map(({ privateKey }) => encodingsOf(privateKey));
  const given = [...Object.entries(ed25519!), ["RSA in PEM", rsa!.pem!], ["RSA in base64", rsa!.base64!]] as const;

  it.each(["KEY_FILE", "ALGORITHM", "ISSUER", "API", "CONNECT_TO", "KEY_PASSPHRASE_FILE"])(
    "as %s is not shown",
    { timeout: 120_000 },
    async (name) => {
      for (const [encoding, key] of given) {
        if (key.includes("\0")) continue; // no variable can hold it
        const { code, out, err } = await run({ KEY_FILE: keys.get("RS256")!.file, [name]: key });
        expect(leakOf({ encoding, key, text: key }, out + err), encoding).toBeUndefined();
        if (name !== "KEY_PASSPHRASE_FILE") expect(code, encoding).toBe(1);
      }
    },
  );

  it.each(["certs/nobody-signing.key", "/Users/JohnDoe/Projects/Keycloak2026/certs/Machine-A.key"])(
    "does not hide a path: %s",
    async (KEY_FILE) => {
      expect((await run({ KEY_FILE })).err).toMatch(`machine-a: key file ${KEY_FILE} cannot be read`);
    },
  );
});
