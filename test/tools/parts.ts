import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { keyAttributes } from "../../constructs/contract/client-keys";
import { OFFICIAL_KEYCLOAK } from "../../constructs/contract/sources";
import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import { readCertificate } from "../../constructs/keys/certificate";
import { PLAIN } from "../../tools/colour";
import type { Output } from "../../tools/output";
import type { Project, Stack, SynthesizedJson } from "../../tools/project/project";
import type { State } from "../../tools/project/state";
import type { Session } from "../../tools/session";

const OFFICIAL = `provider["${OFFICIAL_KEYCLOAK.source}"].Keycloak`;

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
    isColoured: false,
    paint: PLAIN,
    paintWarned: PLAIN,
    step: async (what, work) => {
      said.push(what);
      return await work((detail) => void said.push(detail));
    },
    say: (text) => void said.push(text),
    warn: (text) => void warned.push(text),
    result: () => undefined,
  };
}

export function projectIn(folder: string, app = "node app.cjs", context: Record<string, unknown> = {}): Project {
  return { folder, app, outdir: join(folder, "cdktf.out"), context };
}

/** A session that finds the programs of a folder first, among them its `terraform`. */
export function sessionIn(folder: string, out = recordOutput(), interruption = new AbortController().signal): Session {
  return {
    project: projectIn(folder),
    out,
    env: pathWith(folder),
    terraformBinary: join(folder, "terraform"),
    interruption,
    async bringDocker() {
      return this;
    },
  };
}

/** A synthesized stack; with a path its state is local. */
export function stackOf(
  resource: SynthesizedJson["resource"],
  folder = "/nowhere",
  name = "m2m",
  statePath?: string,
  keycloak?: ReturnType<typeof keycloakProvider>[],
): Stack {
  const terraform = statePath === undefined ? {} : { backend: { local: { path: statePath } } };
  return { name, folder, json: { resource, terraform, ...(keycloak && { provider: { keycloak } }) }, remarks: [] };
}

/** A provider's configuration in synthesized JSON. */
export function keycloakProvider(alias: string, url: string) {
  return { alias, url };
}

/** The same, as a synthesis leaves it on disk for those that read the manifest. */
export function writeManifest(project: Project, stacks: readonly Stack[]): void {
  const entries = stacks.map(({ name, json, folder }) => {
    mkdirSync(join(project.outdir, "stacks", name), { recursive: true });
    writeFileSync(join(project.outdir, "stacks", name, "cdk.tf.json"), JSON.stringify(json));
    return {
      name,
      synthesizedStackPath: `stacks/${name}/cdk.tf.json`,
      workingDirectory: folder === "/nowhere" ? `stacks/${name}` : relative(project.outdir, folder),
      annotations: [],
      dependencies: [],
    };
  });
  const manifest = { stacks: Object.fromEntries(entries.map((entry) => [entry.name, entry])) };
  writeFileSync(join(project.outdir, "manifest.json"), JSON.stringify(manifest));
}

/** A managed resource as Terraform 1.11 writes it to its state. */
export function inState(type: string, name: string, attributes: Record<string, unknown>, provider = OFFICIAL) {
  return { mode: "managed", type, name, provider, instances: [{ schema_version: 0, attributes }] };
}

export function stateOf(...resources: ReturnType<typeof inState>[]): State {
  return { outputs: {}, resources };
}

/** One of the fixed certificates. */
function fixedPem(name: "machine-a" | "machine-b"): string {
  return readFileSync(join(__dirname, "..", "fixtures", "certs", `${name}.crt`), "utf8");
}

/** A client that signs with one of them, as constructs declare it. `accepted` are its keys where they are several. */
export function signedJwtClient(
  name: "machine-a" | "machine-b",
  accepted?: readonly { readonly kid: string; readonly algorithm: SigningAlgorithm }[],
) {
  const { base64, ...active } = readCertificate(fixedPem(name), name);
  const keys = accepted?.map((key) => ({ ...key, publicJwk: { kid: key.kid, alg: key.algorithm } })) ?? [active];
  const acceptedKeys = keys.map((key) => ({ ...key, state: "active" as const }));
  return {
    client_id: name,
    extra_config: keyAttributes({ ...active, certificateBase64: base64, acceptedKeys }),
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
