import { type ChildProcess, spawn } from "node:child_process";
import { createHmac, createPublicKey, type KeyObject } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { m2m, SHARED } from "./environment";
import { BUILDS, type Program } from "./other-languages/programs";
import { ROOT } from "./project";

const NAMES = Object.keys(BUILDS);
const portOf = (name: string) => SHARED.machinePort + 2 + NAMES.indexOf(name);
const LIFESPAN_SECONDS = 40;
const API = `http://localhost:${SHARED.machinePort}/api/protected`;

interface Service {
  readonly process: ChildProcess;
  readonly output: string[];
  calls: number;
  readonly failures: string[];
  /** When the token was issued with which it called machine-b last, in seconds. */
  issuedAt: number;
}

let root: string;
let folder: string;
const services = new Map<string, Service>();
/** Calls each service all the time, as somebody who is granted it. */
const load = { stop: false, token: "", ended: [] as Promise<void>[] };

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "m2m-languages-"));
  for (const linked of ["node_modules", "constructs", ".gen", "dist", "package.json", "tsconfig.json"])
    symlinkSync(join(ROOT, linked), join(root, linked));
  const examples = join(root, "examples");
  for (const name of ["languages", "python", "go", "java-nimbus", "java-spring"])
    cpSync(join(ROOT, "examples", name), join(examples, name), { recursive: true, filter: (path) => !isMade(path) });
  folder = join(examples, "languages");
  const main = readFileSync(join(folder, "main.ts"), "utf8");
  writeFileSync(join(folder, "main.ts"), main.replace("localhost:8080", `localhost:${SHARED.keycloakPort}`));
  mkdirSync(join(folder, ".m2m"));
  cpSync(join(inject("folder"), ".m2m", "sources.json"), join(folder, ".m2m", "sources.json"));

  const [programs] = await Promise.all([buildAll(examples), succeeds("up")]);
  for (const [name, program] of programs) services.set(name, await start(name, program));
  await vi.waitFor(
    async () => {
      for (const name of NAMES) expect((await get(name)).status, services.get(name)!.output.join("")).toBe(401);
    },
    { timeout: 180_000, interval: 500 },
  );
  load.token = await succeeds("token", "caller");
}, 900_000);

afterAll(async () => {
  load.stop = true;
  await Promise.all(load.ended);
  // Maven starts a process of its own for Spring.
  for (const {
    process: { pid },
  } of services.values())
    if (pid !== undefined) endGroup(pid);
  await m2m(folder, ["down", "--yes"]);
  rmSync(root, { recursive: true, force: true });
});

const isMade = (path: string) => /\/(target|certs|cdktf\.out|\.m2m|__pycache__|\.venv)$|\.tfstate/.test(path);

async function succeeds(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await m2m(folder, args);
  expect(exitCode, stderr).toBe(0);
  return stdout;
}

/** One after another, as each takes all that the machine has. */
async function buildAll(examples: string): Promise<Map<string, Program>> {
  const programs = new Map<string, Program>();
  for (const [name, build] of Object.entries(BUILDS)) programs.set(name, await build(examples));
  return programs;
}

/** Starts a service with what `m2m env --client` gives, and nothing else of this project. */
async function start(name: string, program: Program): Promise<Service> {
  const facts = JSON.parse(await succeeds("env", "--client", name, "--json")) as Record<string, string>;
  const started = spawn(program.file, program.args, {
    cwd: program.folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      JAVA_HOME: process.env.JAVA_HOME,
      ...program.env,
      ...facts,
      API,
      PORT: String(portOf(name)),
    },
  });
  const output: string[] = [];
  for (const stream of [started.stdout, started.stderr]) stream.on("data", (data) => output.push(String(data)));
  return { process: started, output, calls: 0, failures: [], issuedAt: 0 };
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself, which its test has told.
  }
}

const get = (name: string, token?: string) =>
  fetch(`http://127.0.0.1:${portOf(name)}/`, { headers: token ? { authorization: `Bearer ${token}` } : {} });

async function callOnce(name: string, service: Service): Promise<void> {
  service.calls++;
  try {
    const response = await get(name, load.token);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`HTTP ${response.status} ${text}`);
    const { answer } = JSON.parse(text) as { answer: { expiresAt: number } };
    service.issuedAt = answer.expiresAt - LIFESPAN_SECONDS;
  } catch (error) {
    service.failures.push((error as Error).message);
  }
}

describe.each(NAMES)("the service %s", (name) => {
  it("calls machine-b as itself, for a caller who is granted a call", async () => {
    const response = await get(name, load.token);
    const text = await response.text();
    expect(response.status, text + services.get(name)!.output.join("")).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ caller: "caller", answer: { caller: name, verified: "offline" } });
  });

  it("refuses a token for another API, a forged one, and none", async () => {
    const [header, claims, signature] = load.token.split(".") as [string, string, string];
    const forged = {
      "no token": undefined,
      "for another API": await succeeds("token", NAMES[(NAMES.indexOf(name) + 1) % NAMES.length]!),
      "other claims": `${header}.${part({ ...decoded(claims), azp: "somebody" })}.${signature}`,
      "no signature": `${part({ ...decoded(header), alg: "none" })}.${claims}.`,
      "signed with the public key": await signedWithPublicKey(decoded(header), claims),
      "no JWT": "abc",
    };
    for (const [what, token] of Object.entries(forged)) {
      const response = await get(name, token);
      expect([what, response.status, response.headers.get("www-authenticate")]).toEqual([
        what,
        401,
        expect.stringMatching(/^bearer/i),
      ]);
    }
  });
});

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decoded = (text: string) => JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;

/** A token by HS256 with the issuer's public key for a secret, which a verifier without pinned algorithms takes. */
async function signedWithPublicKey(header: Record<string, unknown>, claims: string): Promise<string> {
  const jwks = `http://localhost:${SHARED.keycloakPort}/realms/sjwt-example/protocol/openid-connect/certs`;
  const { keys } = (await (await fetch(jwks)).json()) as { keys: { kid: string }[] };
  const key: KeyObject = createPublicKey({ key: keys.find(({ kid }) => kid === header.kid)!, format: "jwk" });
  const text = `${part({ ...header, alg: "HS256" })}.${claims}`;
  const hmac = createHmac("sha256", key.export({ type: "spki", format: "pem" }));
  return `${text}.${hmac.update(text).digest("base64url")}`;
}

it("m2m calls as any client that is declared, in Node.js and in Bash, where the state has no outputs", async () => {
  expect(await succeeds("call", "go", "--url", API)).toBe("HTTP 200\ncaller: go\nverified: offline");
  expect(await succeeds("call", "python-authlib", "--url", API, "--bash")).toContain("caller: python-authlib");
});

it("services in every language go on through a rotation of their keys, without a failure and without a restart", async () => {
  load.ended = [...services].map(async ([name, service]) => {
    while (!load.stop) {
      await callOnce(name, service);
      await sleep(300);
    }
  });
  await succeeds("keys", "rotate", "--all"); // prepares
  await succeeds("up");
  await succeeds("keys", "rotate", "--all"); // activates
  await succeeds("up");
  load.token = await succeeds("token", "caller");
  // Nobody holds the old keys in memory: each assertion reads the file.
  await succeeds("keys", "retire", "--all", "--force");
  await succeeds("up");
  const retired = Date.now() / 1000;
  await vi.waitFor(
    () => {
      for (const [name, service] of services) expect(service.issuedAt, name).toBeGreaterThan(retired);
    },
    { timeout: 120_000, interval: 500 },
  );
  load.stop = true;
  await Promise.all(load.ended);
  for (const [name, { process: running, calls, failures }] of services) {
    expect([name, failures, running.exitCode]).toEqual([name, [], null]);
    expect(calls, name).toBeGreaterThan(10);
  }
});
