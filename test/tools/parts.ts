import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { Output } from "../../tools/output";
import type { Project, Stack, SynthesizedJson } from "../../tools/project";
import type { State } from "../../tools/state";

const OFFICIAL = 'provider["registry.terraform.io/keycloak/keycloak"].Keycloak';

/** A folder of its own for every test of a file. */
export function temporaryFolder(): { readonly path: string } {
  let path = "";
  beforeEach(() => {
    path = realpathSync(mkdtempSync(join(tmpdir(), "m2m-tools-")));
  });
  afterEach(() => rmSync(path, { recursive: true }));
  return {
    get path() {
      return path;
    },
  };
}

export interface RecordedOutput extends Output {
  readonly said: string[];
  readonly warned: string[];
}

export function recordOutput(): RecordedOutput {
  const said: string[] = [];
  const warned: string[] = [];
  return {
    json: false,
    said,
    warned,
    say: (text) => void said.push(text),
    warn: (text) => void warned.push(text),
    result: () => undefined,
  };
}

export function projectIn(folder: string, app = "node app.cjs", context: Record<string, unknown> = {}): Project {
  return { folder, app, outdir: join(folder, "cdktf.out"), context };
}

export function stackOf(resource: SynthesizedJson["resource"], folder = "/nowhere", name = "m2m"): Stack {
  return { name, folder, json: { resource, terraform: {} }, warnings: [] };
}

/** A managed resource as Terraform 1.11 writes it to its state. */
export function inState(type: string, name: string, attributes: Record<string, unknown>, provider = OFFICIAL) {
  return { mode: "managed", type, name, provider, instances: [{ schema_version: 0, attributes }] };
}

export function stateOf(...resources: ReturnType<typeof inState>[]): State {
  return { outputs: {}, resources };
}

/** One of the fixed certificates, as Keycloak's attribute takes it. */
export function certificate(name: "machine-a" | "machine-b"): string {
  const pem = readFileSync(join(__dirname, "..", "fixtures", "certs", `${name}.crt`), "utf8");
  return pem.replaceAll(/-----[^-]+-----|\s/g, "");
}

/** The settings of a client that signs with one of them. */
export function signedJwtClient(name: "machine-a" | "machine-b") {
  return {
    client_id: name,
    extra_config: { "jwt.credential.certificate": certificate(name), "use.jwks.url": "false" },
  };
}

/** A program of this name in a folder, for a search path; it appends its arguments to `NAME.log` before it answers. */
export function fakeProgram(folder: string, name: string, script: string): { calls(): string[]; path: string } {
  const path = join(folder, name);
  const log = join(folder, `${name}.log`);
  writeFileSync(log, "");
  writeFileSync(path, `#!/bin/sh\necho "$*" >>'${log}'\n${script}\n`);
  chmodSync(path, 0o755);
  return { path, calls: () => readFileSync(log, "utf8").split("\n").filter(Boolean) };
}

/** A search path that finds the programs of a folder first. */
export function pathWith(folder: string): Record<string, string> {
  return { PATH: `${folder}:/usr/bin:/bin` };
}
