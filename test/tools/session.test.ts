import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { pairMarker } from "../../constructs/contract/markers";
import type { Notice } from "../../constructs/contract/notices";
import { DOCKER } from "../../constructs/contract/sources";
import { type DockerPart, declared, type Session } from "../../tools/session";
import { manifestOf } from "./manifest";
import { overridden } from "./overridden";
import { fakeProgram, inState, pathWith, recordOutput, sessionIn, signedJwtClient, temporaryFolder } from "./parts";

const folder = temporaryFolder();
afterEach(() => void vi.unstubAllEnvs());

const KID_A = "EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04";
const KID_B = "qt4_hnLcfVgG_yyFx5tE9PDrY1JLvwy6v5dUQefp598";
const OPTIONS = { createKeys: "always", reissue: true, newKeys: false } as const;
const MADE: Notice[] = [
  { event: "key-made", name: "x", kind: "RSA-2048", file: "certs/x-signing.key" },
  { event: "certificate-issued", name: "x", file: "certs/x-signing.crt", days: 5 },
];

interface App {
  readonly backend: object;
  /** The name of the client's resource. */
  readonly construct?: string;
  /** What the app says that it made. */
  readonly made?: readonly Notice[];
  readonly resource?: object;
  /** What the state holds, wherever it is; the client of the other key by default. */
  readonly state?: unknown[];
}

/** A checkout that has lost its certificate: the app makes another key, which Terraform's state does not know. */
function project({ backend, construct = "Machine", made = MADE, resource = {}, state }: App) {
  const stack = {
    terraform: backend,
    resource: { keycloak_openid_client: { [construct]: clientOf("machine-b") }, ...resource },
  };
  const place = { name: "x", directory: "certs", privateKeyDirectory: "certs" } as const;
  const marker = { ...place, algorithm: "RS256", validityDays: 5, kids: [KID_B], revoked: [] } as const;
  const json = overridden(stack, pairMarker("x", marker));
  const files = [
    ["cdktf.out/cdk.tf.json", JSON.stringify(json)],
    ["cdktf.out/manifest.json", manifestOf()],
    ...made.map((notice) => ["file" in notice ? notice.file : "certs/x-signing.key", "made"]),
  ];
  mkdirSync(join(folder.path, "certs"), { recursive: true });
  mkdirSync(join(folder.path, "cdktf.out"), { recursive: true });
  const app = [
    "const fs = require('node:fs');",
    `for (const [file, text] of ${JSON.stringify(files)}) fs.writeFileSync(file, text);`,
    `for (const notice of ${JSON.stringify(made)}) console.error(JSON.stringify(notice));`,
  ];
  writeFileSync(join(folder.path, "app.cjs"), app.join("\n"));
  const resources = state ?? [inState("keycloak_openid_client", "Machine", clientOf("machine-a"))];
  writeFileSync(join(folder.path, "pulled"), JSON.stringify({ version: 4, resources }));
  const terraform = fakeProgram(
    folder.path,
    "terraform",
    `case "$1" in init) mkdir -p .terraform;; state) cat '${join(folder.path, "pulled")}';; esac`,
  );
  const asked: DockerPart[] = [];
  const session: Session = {
    ...sessionIn(folder.path, recordOutput()),
    async bringDocker(part) {
      asked.push(part);
      return this;
    },
  };
  return { session, terraform, asked };
}

function clientOf(name: "machine-a" | "machine-b") {
  return { ...signedJwtClient(name), realm_id: "r", client_id: "x" };
}

const here = (file: string) => existsSync(join(folder.path, file));

/** Where states are kept that no file beside `cdktf.json` has. */
const ELSEWHERE: Record<string, { backend: object; env?: Record<string, string> }> = {
  http: { backend: { backend: { http: { address: "http://127.0.0.1:1/" } } } },
  pg: { backend: { backend: { pg: { conn_str: "postgres://127.0.0.1:1/" } } } },
  s3: { backend: { backend: { s3: { bucket: "b", key: "k" } } } },
  "HCP Terraform": { backend: { cloud: { organization: "o" } } },
  none: { backend: {} },
  "a workspace of a local one": {
    backend: { backend: { local: { path: "../terraform.m2m.tfstate" } } },
    env: { TF_WORKSPACE: "stage" },
  },
};

describe("a key that a state elsewhere knows", () => {
  it.each(Object.keys(ELSEWHERE))("is not replaced, and what was made in its place is removed: %s", async (where) => {
    const { backend, env = {} } = ELSEWHERE[where]!;
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { session } = project({ backend });
    await expect(declared(session, OPTIONS)).rejects.toMatchObject({
      code: "key-replaced",
      message: `keycloak_openid_client.Machine of stack m2m (machine-b) would get another key: the state knows kid ${KID_A}, the certificate has ${KID_B}, which was made just now and is removed again; restore the certificate, or pass --new-keys to replace the key`,
    });
    expect([here("certs/x-signing.key"), here("certs/x-signing.crt")]).toEqual([false, false]);
  });

  it("is not replaced in a local state that is kept in another folder", async () => {
    const { session } = project({ backend: { backend: { local: { path: join(folder.path, "pulled") } } } });
    await expect(declared(session, OPTIONS)).rejects.toMatchObject({ code: "key-replaced" });
  });

  it("is not replaced if its construct was renamed at the same time", async () => {
    const { session } = project({ ...ELSEWHERE.http!, construct: "Renamed" });
    await expect(declared(session, OPTIONS)).rejects.toMatchObject({ code: "key-replaced" });
  });

  it("is replaced where new keys are asked for, and the new one stays", async () => {
    const { session } = project(ELSEWHERE.http!);
    expect((await declared(session, { ...OPTIONS, newKeys: true })).stacks).toHaveLength(1);
    expect([here("certs/x-signing.key"), here("certs/x-signing.crt")]).toEqual([true, true]);
  });

  it.each([
    ["both halves that were there before", [], [true, true]],
    ["a key that was there before, but not the certificate issued for it", [MADE[1]!], [true, false]],
  ])("leaves %s", async (_, made, left) => {
    for (const file of ["certs/x-signing.key", "certs/x-signing.crt"]) {
      mkdirSync(dirname(join(folder.path, file)), { recursive: true });
      writeFileSync(join(folder.path, file), "mine");
    }
    const { session } = project({ ...ELSEWHERE.http!, made });
    await expect(declared(session, OPTIONS)).rejects.toMatchObject({ code: "key-replaced" });
    expect([here("certs/x-signing.key"), here("certs/x-signing.crt")]).toEqual(left);
    expect(readFileSync(join(folder.path, "certs/x-signing.key"), "utf8")).toBe("mine");
  });
});

describe("of Docker is brought", () => {
  const SAME = [inState("keycloak_openid_client", "Machine", clientOf("machine-b"))];
  const CONTAINER = inState("docker_container", "C", { name: "c", id: "1" });

  it.each<[string, Omit<App, "backend">, DockerPart[]]>([
    ["nothing, where nothing uses it", { state: SAME }, []],
    [
      "all, where a container is declared",
      { resource: { docker_container: { C: { name: "c" } } }, state: SAME },
      ["images", "provider"],
    ],
    ["the engine, where only the state has a container", { state: [...SAME, CONTAINER] }, ["engine"]],
  ])("%s", async (_, app, expected) => {
    const { session, asked } = project({ ...ELSEWHERE.http!, ...app });
    await declared(session, OPTIONS);
    expect(asked).toEqual(expected);
  });

  it("the provider, where Terraform asks for it because the state has a container", async () => {
    const { session, asked } = project({ ...ELSEWHERE.http!, state: SAME });
    fakeProgram(
      folder.path,
      "terraform",
      `case "$1" in init) test -e brought || { touch brought; echo 'Error: provider ${DOCKER.source} was not found' >&2; exit 1; }; mkdir -p .terraform;; state) cat '${join(folder.path, "pulled")}';; esac`,
    );
    await declared({ ...session, env: pathWith(folder.path) }, OPTIONS);
    expect(asked).toEqual(["provider"]);
  });
});
