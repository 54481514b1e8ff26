import { createPrivateKey, X509Certificate } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { selfSign } from "../../constructs/keys/self-sign";
import { filesBelow, placesWith, privateParts } from "./canary";
import { ADMIN_PASSWORD, clientOf, m2m, makeProject, namesOf, type Result, takeDown } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("keys");

const KEY = "certs/machine-a-signing.key";
const CERTIFICATE = "certs/machine-a-signing.crt";

/** More callers of machine-b, which signs with ES256. machine-a signs with RS256. */
const CALLERS = { press: "PS256", meter: "ES256", lathe: "EdDSA" };

/** `main.ts` with a client for each algorithm. */
function mainWith(callers: Record<string, string>): string {
  const more = Object.entries(callers).map(
    ([name, algorithm]) => `
const ${name}Key = new SigningKeyPair(stack, "${name}Key", { name: "${name}", algorithm: "${algorithm}" });
b.grantCall(new SignedJwtClient(stack, "${name}", { realm, clientId: "${name}", signingKey: ${name}Key }));
`,
  );
  return readFileSync(join(ROOT, "main.ts"), "utf8")
    .replace('name: "machine-b",', 'name: "machine-b", algorithm: "ES256",')
    .replace("const api =", `${more.join("")}const api =`);
}

let folder: string;
let trace: string;
let outputs: Result[];

/** Every step is traced: the tests scan what users would attach to a bug report. */
beforeAll(async () => {
  folder = makeProject(OWN, mainWith(CALLERS));
  trace = join(mkdtempSync(join(tmpdir(), "m2m-trace-")), "terraform.log");
  const env = { TF_LOG: "TRACE", TF_LOG_PATH: trace };
  outputs = [await m2m(folder, ["up"], env), await m2m(folder, ["diff", "--json"], env), await m2m(folder, ["logs"])];
  expect(outputs.map(({ exitCode, stderr }) => (exitCode === 0 ? "" : stderr))).toEqual(["", "", ""]);
});

const left = () => ({ folder, trace, outputs, names: OWN });

afterAll(async () => {
  await takeDown(folder, OWN);
  rmSync(join(trace, ".."), { recursive: true, force: true });
});

describe("secrets", () => {
  it("no private part of a key is in state, plan, JSON, traces, outputs or settings of containers", async () => {
    const keyFiles = ["machine-a", "machine-b", ...Object.keys(CALLERS)].map((name) => `certs/${name}-signing.key`);
    const canaries = keyFiles.flatMap((path) => privateParts(join(folder, path)));
    expect(await placesWith(canaries, keyFiles, left())).toEqual([]);
  });

  it("the administrator's password is in the server's configuration file and nowhere else", async () => {
    const file = filesBelow(folder).find((path) => path.endsWith("keycloak.conf"))!;
    expect(statSync(join(folder, file)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, file), "utf8")).toContain(ADMIN_PASSWORD);
    expect(await placesWith([ADMIN_PASSWORD], [file], left())).toEqual([]);
  });

  it("keys and state can be read by their owner only", () => {
    for (const path of [KEY, "terraform.m2m.tfstate"]) expect(statSync(join(folder, path)).mode & 0o777).toBe(0o600);
  });
});

describe("a second checkout", () => {
  it("at another path, with certificates and state but no key, gives the same JSON and an empty diff", async () => {
    const other = makeProject(OWN, mainWith(CALLERS));
    try {
      cpSync(join(folder, "certs"), join(other, "certs"), {
        recursive: true,
        filter: (path) => !path.endsWith(".key"),
      });
      cpSync(join(folder, "terraform.m2m.tfstate"), join(other, "terraform.m2m.tfstate"));
      const { exitCode, stdout, stderr } = await m2m(other, ["diff"]);
      expect(exitCode, stdout + stderr).toBe(0);
      const json = "cdktf.out/stacks/m2m/cdk.tf.json";
      expect(readFileSync(join(other, json))).toEqual(readFileSync(join(folder, json)));
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe("a key that the state knows", () => {
  it("is not replaced by up or diff when its files are lost, unless --new-keys is passed", async () => {
    const kept = [KEY, CERTIFICATE].map((path) => ({ path, bytes: readFileSync(join(folder, path)) }));
    for (const { path } of kept) rmSync(join(folder, path));
    for (const command of ["up", "diff"]) {
      const { exitCode, stderr } = await m2m(folder, [command]);
      expect(exitCode).toBe(1);
      expect(stderr).toContain("machine-a-signing");
      expect(stderr).toContain("--new-keys");
    }
    for (const { path, bytes } of kept) writeFileSync(join(folder, path), bytes, { mode: 0o600 });
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("is still accepted when its certificate has expired, and up renews the certificate of the same key", async () => {
    const before = new X509Certificate(readFileSync(join(folder, CERTIFICATE)));
    const privateKey = createPrivateKey(readFileSync(join(folder, KEY)));
    const sixDaysAgo = new Date(Date.now() - 6 * 86_400_000);
    const expired = selfSign(privateKey, "machine-a", 5, sixDaysAgo);
    writeFileSync(join(folder, CERTIFICATE), expired);
    const diff = await m2m(folder, ["diff"]);
    expect(diff.exitCode).toBe(2);
    expect(diff.stderr).toContain(`THE CERTIFICATE ${CERTIFICATE} HAS ENDED on`);
    expect((await m2m(folder, ["up"])).stdout).toMatch(/^HTTP 200/);
    const after = new X509Certificate(readFileSync(join(folder, CERTIFICATE)));
    expect(new Date(after.validTo).getTime()).toBeGreaterThan(Date.now());
    expect(after.publicKey.equals(before.publicKey)).toBe(true);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  it("is replaced with --new-keys, and the diff describes that in words", async () => {
    for (const path of [KEY, CERTIFICATE]) rmSync(join(folder, path));
    const diff = await m2m(folder, ["diff", "--new-keys"]);
    expect(diff.exitCode).toBe(2);
    expect(diff.stdout).toMatch(
      /^! client machine-a {2}key [\w-]{8} active, key [\w-]{8} refused, its machine cannot sign in until /m,
    );
    expect((await m2m(folder, ["up", "--new-keys"])).stdout).toMatch(/^HTTP 200/);
    expect((await m2m(folder, ["call", "--bash", "--online"])).exitCode).toBe(0);
  });
});

describe("algorithms", () => {
  it.each(Object.entries(CALLERS))("%s calls machine-b with %s, by the Bash client", async (name, asked) => {
    expect(await callByBash(name, asked, "--online")).toEqual({
      exitCode: 0,
      stdout: `HTTP 200\ncaller: ${name}\nverified: online`,
      stderr: "",
    });
  });

  it("another algorithm than the declared one is refused, though the key is right", async () => {
    const { exitCode, stderr } = await callByBash("press", "RS256");
    expect(exitCode).toBe(1);
    expect(stderr).toContain("invalid_client: Invalid signature algorithm");
  });

  it("of clients change in place, from and to any kind of key", async () => {
    const changed = { press: "EdDSA", meter: "RS256", lathe: "ES256" };
    const before = await uuids();
    writeFileSync(join(folder, "main.ts"), mainWith(changed));
    for (const name of Object.keys(changed)) {
      for (const half of ["key", "crt"]) rmSync(join(folder, `certs/${name}-signing.${half}`));
    }
    const diff = await m2m(folder, ["diff", "--new-keys", "--full"]);
    expect(diff.stdout, diff.stderr).toContain("Plan: 0 to add, 3 to change, 0 to destroy.");
    expect((await m2m(folder, ["up", "--new-keys"])).stdout).toMatch(/^HTTP 200/);
    for (const name of Object.keys(changed))
      expect(await callByBash(name, "")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await uuids()).toEqual(before);
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });

  const uuids = () => Promise.all(Object.keys(CALLERS).map(async (name) => (await clientOf(OWN, name)).id));

  /** Calls as a machine elsewhere would: it has its key, and nothing of this checkout. */
  async function callByBash(clientId: string, algorithm: string, ...args: string[]) {
    const { exitCode, stdout, stderr } = await execa("bash", [join(ROOT, "machines/machine-a/call.sh"), ...args], {
      cwd: folder,
      reject: false,
      env: {
        CLIENT_ID: clientId,
        KEY_FILE: `certs/${clientId}-signing.key`,
        ALGORITHM: algorithm,
        CONNECT_TO: `keycloak:8080=127.0.0.1:${OWN.keycloakPort},machine-b:3000=127.0.0.1:${OWN.machinePort}`,
      },
    });
    return { exitCode, stdout, stderr };
  }
});
