import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type PairDescription, pairMarker } from "../../../constructs/contract/markers";
import { type Notice, sentence } from "../../../constructs/contract/notices";
import { ToolError } from "../../../tools/output";
import { type SynthOptions, synthesize } from "../../../tools/project/synth";
import { manifestOf } from "../manifest";
import { overridden } from "../overridden";
import { inState, projectIn, recordOutput, signedJwtClient, temporaryFolder } from "../parts";

const folder = temporaryFolder();
afterEach(() => void vi.unstubAllEnvs());

const ALLOWED: SynthOptions = { createKeys: "outside CI", newKeys: false, reissue: false };
const ADDRESS = "keycloak_openid_client.Machine";

/** An app that needs no cdktf: it declares one client with this certificate and writes down what it was told. */
function writeApp(name: "machine-a" | "machine-b", more = "", pair?: Pick<PairDescription, "kids" | "revoked">): void {
  const stack = { terraform: {}, resource: { keycloak_openid_client: { Machine: signedJwtClient(name) } } };
  const place = { name: "x", directory: "certs", privateKeyDirectory: "certs" };
  const description = pair && ({ ...place, algorithm: "RS256", validityDays: 90, ...pair } as const);
  const json = description ? overridden(stack, pairMarker("x", description)) : stack;
  const manifest = manifestOf({ level: "@cdktf/warn", constructPath: "m2m/Key", message: "ends soon" });
  const app = [
    "const fs = require('node:fs');",
    "const out = process.env.CDKTF_OUTDIR;",
    "fs.mkdirSync(out, { recursive: true });",
    `fs.writeFileSync(out + '/cdk.tf.json', ${JSON.stringify(JSON.stringify(json))});`,
    `fs.writeFileSync(out + '/manifest.json', ${JSON.stringify(manifest)});`,
    "fs.writeFileSync('told.json', JSON.stringify({ ...process.env, cwd: process.cwd() }));",
    more,
  ];
  writeFileSync(join(folder.path, "app.cjs"), app.join("\n"));
}

function told(): Record<string, string> {
  return JSON.parse(readFileSync(join(folder.path, "told.json"), "utf8"));
}

function writeState(name: "machine-a" | "machine-b", stack = "m2m"): void {
  const resources = [inState("keycloak_openid_client", "Machine", signedJwtClient(name))];
  writeFileSync(join(folder.path, `terraform.${stack}.tfstate`), JSON.stringify({ version: 4, resources }));
}

async function failure(promise: Promise<unknown>): Promise<ToolError> {
  return await promise.then(
    () => {
      throw new Error("nothing was thrown");
    },
    (error) => error,
  );
}

describe("synthesize", () => {
  it("runs the app in the project with its output folder and context, and gives its stacks", async () => {
    writeApp("machine-a");
    const project = projectIn(folder.path, "node app.cjs", { "m2m:keycloakPort": 18080 });
    const {
      stacks: [stack, ...others],
    } = await synthesize(project, recordOutput(), ALLOWED);
    expect(stack?.json.resource).toHaveProperty([...ADDRESS.split(".")]);
    expect(others).toEqual([]);
    expect(told()).toMatchObject({
      cwd: folder.path,
      CDKTF_OUTDIR: join(folder.path, "cdktf.out"),
      CDKTF_CONTEXT_JSON: JSON.stringify({
        cdktfJsonPath: join(folder.path, "cdktf.json"),
        "m2m:keycloakPort": 18080,
      }),
    });
  });

  it("asks for keys and certificates only where it is told to", async () => {
    vi.stubEnv("M2M_CREATE_KEYS", undefined);
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", undefined);
    writeApp("machine-a");
    await synthesize(projectIn(folder.path), recordOutput(), ALLOWED);
    const plain = told();
    expect([plain.M2M_CREATE_KEYS, plain.M2M_REISSUE_CERTIFICATES]).toEqual([undefined, undefined]);
    await synthesize(projectIn(folder.path), recordOutput(), { ...ALLOWED, createKeys: "always", reissue: true });
    expect(told()).toMatchObject({ M2M_CREATE_KEYS: "true", M2M_REISSUE_CERTIFICATES: "true" });
  });

  it("passes warnings and notices of keys on, and nothing else that the app or npm prints", async () => {
    const made: Notice[] = [
      { event: "key-made", name: "machine-a", kind: "RSA-2048", file: "k" },
      { event: "certificate-issued", name: "machine-a", file: "c", days: 5 },
    ];
    const printed = ["npm warn x", ...made.map((notice) => JSON.stringify(notice)), "issued 3 x", '{"event":'];
    writeApp("machine-a", `console.error(${JSON.stringify(printed.join("\n"))});`);
    const out = recordOutput();
    await synthesize(projectIn(folder.path), out, ALLOWED);
    expect(told().M2M_NOTICES).toBe("json");
    expect(out.warned).toEqual([...made.map(sentence), "warning: [m2m/Key] ends soon"]);
  });

  it("tells how far many keys are as progress, and leaves notices out of a failure", async () => {
    const notice: Notice = { event: "keys-made", made: 10, total: 12 };
    writeApp("machine-a", `console.error(${JSON.stringify(JSON.stringify(notice))}); throw new Error("of the app");`);
    const out = recordOutput();
    const { message } = await failure(synthesize(projectIn(folder.path), out, ALLOWED));
    expect(out.said).toEqual(["synthesizing", "10 of 12 keys made"]);
    expect(message).toContain("Error: of the app");
    expect(message).not.toContain("keys-made");
  });
});

describe("a key that the state knows", () => {
  it("is named to the app with its stack, so that no other is made for it", async () => {
    writeState("machine-a");
    writeApp("machine-a");
    await synthesize(projectIn(folder.path), recordOutput(), ALLOWED);
    expect(told().M2M_KNOWN_KEYS).toBe("m2m/machine-a/EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04");
  });

  it("is not replaced unasked: both kids are told", async () => {
    writeState("machine-a");
    writeApp("machine-b");
    const error = await failure(synthesize(projectIn(folder.path), recordOutput(), ALLOWED));
    expect(error).toMatchObject({ name: "ToolError", code: "key-replaced" });
    expect(error.message).toBe(
      `${ADDRESS} of stack m2m (machine-b) would get another key: the state knows kid EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04, the certificate has qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598; restore the certificate, or pass --new-keys to replace the key`,
    );
  });

  it("is not dropped if the record is lost while several keys are accepted: the synthesis fails", async () => {
    const [a, b] = ["EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04", "qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598"];
    const accepted = [a, b].map((kid) => ({ kid, algorithm: "RS256" as const }));
    const client = inState("keycloak_openid_client", "Machine", signedJwtClient("machine-a", accepted));
    const state = JSON.stringify({ version: 4, resources: [client] });
    writeFileSync(join(folder.path, "terraform.m2m.tfstate"), state);
    writeApp("machine-a", "", { kids: [a], revoked: [] });
    const record = join(folder.path, "certs", "x-signing.keys.json");
    const project = projectIn(folder.path);
    expect(await failure(synthesize(project, recordOutput(), ALLOWED))).toMatchObject({
      code: "record-lost",
      message: `${record} is not there, and the state knows 2 keys of x; restore it from version control, or pass --new-keys to accept only the key of the certificate`,
    });
    await synthesize(project, recordOutput(), { ...ALLOWED, newKeys: true });
    mkdirSync(join(folder.path, "certs"));
    writeFileSync(record, "{}");
    await synthesize(project, recordOutput(), ALLOWED);
  });

  it("may be followed by another of the same record, as after a revocation before the successor was deployed", async () => {
    writeState("machine-a");
    const [a, b] = ["EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04", "qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598"];
    for (const [pair, isFollowed] of [
      [{ kids: [b], revoked: [a] }, true],
      [{ kids: [a, b], revoked: [] }, true],
      [{ kids: [b], revoked: [] }, false],
    ] as const) {
      writeApp("machine-b", "", pair);
      const done = synthesize(projectIn(folder.path), recordOutput(), ALLOWED).then(
        () => true,
        () => false,
      );
      expect(await done).toBe(isFollowed);
    }
  });

  it("counts in its own stack only: another may have a client at the same address", async () => {
    writeState("machine-a", "stage");
    writeApp("machine-b");
    expect((await synthesize(projectIn(folder.path), recordOutput(), ALLOWED)).stacks).toHaveLength(1);
  });

  it("is replaced where new keys are asked for", async () => {
    vi.stubEnv("M2M_KNOWN_KEYS", undefined);
    writeState("machine-a");
    writeApp("machine-b");
    const { stacks } = await synthesize(projectIn(folder.path), recordOutput(), { ...ALLOWED, newKeys: true });
    expect(stacks).toHaveLength(1);
    expect(told().M2M_KNOWN_KEYS).toBeUndefined();
  });
});

describe("an app that synthesizes nothing", () => {
  const run = (app: string) => failure(synthesize(projectIn(folder.path, app), recordOutput(), ALLOWED));
  const NO_STACK = expect.objectContaining({
    code: "synth-failed",
    message: expect.stringContaining("made no stack in"),
  });

  it("is refused", async () => {
    expect(await run("true")).toEqual(NO_STACK);
  });

  it("is refused even with an older synthesis in the output folder, which stays for down", async () => {
    writeApp("machine-a");
    await synthesize(projectIn(folder.path), recordOutput(), ALLOWED);
    expect(await run("true")).toEqual(NO_STACK);
    expect(existsSync(join(folder.path, "cdktf.out", "manifest.json"))).toBe(true);
  });

  it("is refused where it declares no stack", async () => {
    writeApp("machine-a", "fs.writeFileSync(out + '/manifest.json', JSON.stringify({ stacks: {} }));");
    expect(await run("node app.cjs")).toEqual(NO_STACK);
  });
});

describe("an app that fails", () => {
  const run = (app: string) => failure(synthesize(projectIn(folder.path, app), recordOutput(), ALLOWED));

  it("is reported by its error, without the stack trace and what Node.js prints around it", async () => {
    writeFileSync(
      join(folder.path, "app.cjs"),
      [
        "class ValidationError extends Error { name = 'ValidationError'; code = 'X' }",
        "throw new ValidationError('[m2m/A] \\n  - first\\n  - second');",
      ].join("\n"),
    );
    const error = await run("node app.cjs");
    expect(error).toBeInstanceOf(ToolError);
    expect(error.code).toBe("synth-failed");
    // a class whose name is set by a field is printed by the name of what it extends
    expect(error.message).toMatch(/^`node app\.cjs` failed:\n\w*Error: \[m2m\/A\] \n {2}- first\n {2}- second$/);
  });

  it("is reported by the code of an error that has one", async () => {
    writeFileSync(join(folder.path, "app.cjs"), "require('./missing.cjs');");
    const { message } = await run("node app.cjs");
    expect(message).toContain("Error: Cannot find module './missing.cjs'");
    expect(message).not.toMatch(/^\s+at /m);
  });

  it("is reported by all that it printed if no error is among it, even on stdout", async () => {
    expect((await run("echo 'no luck' >&2; exit 3")).message).toBe("`echo 'no luck' >&2; exit 3` failed:\nno luck");
    expect((await run("echo 'on stdout'; exit 1")).message).toContain("failed:\non stdout");
  });

  it("is reported where its program does not exist", async () => {
    expect((await run("no-such-program-here main.ts")).message).toContain("no-such-program-here");
  });
});
