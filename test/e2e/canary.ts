import { createPrivateKey } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { docker, m2m, makeProject, type Result, takeDown } from "./environment";
import type { Names } from "./project";

/** What an environment leaves behind that a user may send along with a bug report. */
export interface Left {
  readonly folder: string;
  /** The file that Terraform traced to. */
  readonly trace: string;
  readonly outputs: readonly Result[];
  readonly names: Names;
}

/** A project whose every step is traced, and whose outputs are kept. `env` is what `m2m` is run with besides. */
export function tracedProject(names: Names, main: string, env: Record<string, string> = {}) {
  const folder = makeProject(names, main);
  const trace = join(mkdtempSync(join(tmpdir(), "m2m-trace-")), "terraform.log");
  const outputs: Result[] = [];
  const run = async (...args: string[]): Promise<Result> => {
    const result = await m2m(folder, args, { TF_LOG: "TRACE", TF_LOG_PATH: trace, ...env });
    outputs.push(result);
    return result;
  };
  return {
    left: { folder, trace, outputs, names } satisfies Left,
    folder,
    outputs,
    run,
    succeeds: async (...args: string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await run(...args);
      expect(exitCode, stdout + stderr).toBe(0);
      return stdout;
    },
    fails: async (...args: string[]): Promise<string> => {
      const { exitCode, stderr } = await run(...args);
      expect(exitCode).toBe(1);
      return stderr;
    },
    remove: async (): Promise<void> => {
      await takeDown(folder, names);
      rmSync(join(trace, ".."), { recursive: true, force: true });
    },
  };
}

/** Each number of a private key that the public key does not show, in the forms that a leak could have. */
export function privateParts(keyFile: string): string[] {
  const pem = readFileSync(keyFile, "utf8");
  const jwk = createPrivateKey(pem).export({ format: "jwk" });
  const numbers = [jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi].filter((number) => number !== undefined);
  const encoded = numbers.flatMap((number) => {
    const bytes = Buffer.from(number, "base64url").subarray(8, 32);
    return [number.slice(8, 40), bytes.toString("hex"), bytes.toString("base64").slice(0, 30)];
  });
  const body = pem.split("\n").slice(1, -2);
  // An RSA modulus comes first, and is public; of the others the public half comes last, if at all.
  return [...encoded, ...(jwk.kty === "RSA" ? body.slice(8) : body.slice(0, 1))];
}

/** Files, outputs, containers' settings and logs that hold one of the texts, but for the places that may. */
export async function placesWith(texts: readonly string[], allowed: readonly string[], left: Left): Promise<string[]> {
  const { folder, trace, outputs, names } = left;
  const files = filesBelow(folder).filter((path) => !allowed.includes(path));
  const places: [string, string][] = [
    ...files.map((path): [string, string] => [path, readFileSync(join(folder, path), "latin1")]),
    ["TF_LOG=TRACE", readFileSync(trace, "latin1")],
    ...outputs.map(({ stdout, stderr }, index): [string, string] => [`output ${index}`, stdout + stderr]),
    ["docker inspect", await docker("inspect", names.keycloak, names.machine)],
    ["Keycloak's log", await docker("logs", names.keycloak)],
    ["machine-b's log", await docker("logs", names.machine)],
  ];
  return places.filter(([, content]) => texts.some((text) => content.includes(text))).map(([place]) => place);
}

/** Files that a user's environment made; what is linked in is the checkout's own. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1));
}
