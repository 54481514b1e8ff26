import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docker, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("registry");

const REGISTRY = "127.0.0.1:15180";
const KEYCLOAK = `${REGISTRY}/keycloak/keycloak:26.4`;
const NODE = `${REGISTRY}/library/node:26-bookworm-slim`;

/** The end of the last push in the registry's log. */
const LAST_PUSH = "PUT /v2/library/node/manifests/26-bookworm-slim";

let storage: string;
let server: ChildProcess;
let folder: string;

/** A real image registry with the images that an official one would have. */
beforeAll(async () => {
  storage = mkdtempSync(join(tmpdir(), "m2m-registry-"));
  const config = join(storage, "config.yml");
  const settings = { version: "0.1", storage: { filesystem: { rootdirectory: storage } }, http: { addr: REGISTRY } };
  writeFileSync(config, JSON.stringify(settings)); // JSON is YAML
  server = spawn(await registryProgram(), ["serve", config], { stdio: ["ignore", "pipe", "ignore"] });
  server.stdout!.pipe(createWriteStream(join(storage, "access.log")));
  await answering(`http://${REGISTRY}/v2/`);
  const machine = await docker("inspect", "--format", "{{.Config.Image}}", SHARED.machine);
  const keycloak = await docker("inspect", "--format", "{{.Config.Image}}", SHARED.keycloak);
  for (const [from, to] of [
    [keycloak, KEYCLOAK],
    [machine, NODE],
  ] as const) {
    await docker("tag", from, to);
    await docker("push", "--quiet", to);
    await docker("rmi", to);
  }
  folder = makeProject(OWN, withImages(readFileSync(join(ROOT, "main.ts"), "utf8")));
});

afterAll(async () => {
  await takeDown(folder, OWN);
  for (const image of [KEYCLOAK, NODE]) await docker("rmi", "--force", image).catch(() => undefined);
  server.kill();
  rmSync(storage, { recursive: true, force: true });
});

describe("images from a registry", () => {
  it("are pulled, and the environment runs with them", async () => {
    const { exitCode, stdout, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect(stdout).toMatch(/^HTTP 200/);
    // Only requests since the last push count. The image that a build pulled is not in the list of images.
    const pulls = readFileSync(join(storage, "access.log"), "utf8").split(LAST_PUSH).at(-1);
    expect(pulls).toMatch(/(HEAD|GET) \/v2\/keycloak\/keycloak\/manifests\/26\.4 HTTP\/1\.1" 200/);
    expect(pulls).toMatch(/(HEAD|GET) \/v2\/library\/node\/manifests\/26-bookworm-slim HTTP\/1\.1" 200/);
    expect(await docker("inspect", "--format", "{{.Config.Image}}", OWN.machine)).toContain(REGISTRY);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

/** Debian's registry, unpacked and not installed: its package would start a service for the whole network. */
async function registryProgram(): Promise<string> {
  const download = () => execa("apt-get", ["download", "docker-registry"], { cwd: storage, timeout: 120_000 });
  await download().catch(async () => {
    await execa("apt-get", ["update"], { timeout: 120_000 });
    await download();
  });
  const archive = readdirSync(storage).find((file) => file.endsWith(".deb"))!;
  await execa("dpkg-deb", ["--extract", archive, "."], { cwd: storage });
  return join(storage, "usr", "bin", "docker-registry");
}

function withImages(main: string): string {
  return main
    .replace('"Keycloak")', `"Keycloak", { image: "${KEYCLOAK}" })`)
    .replace("client: b }", `client: b, image: "${NODE}" }`);
}

async function answering(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const ok = await fetch(url).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await sleep(100);
  }
  throw new Error(`${url} does not answer`);
}
