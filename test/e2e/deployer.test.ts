import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { inflateRawSync } from "node:zlib";
import { execa } from "execa";
import { afterAll, describe, expect, it } from "vitest";
import { placesWith, privateParts, tracedProject } from "./canary";
import { docker, dockerThings, m2m, namesOf } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("deployer");
const KEY = "certs/terraform-signing.key";
/** As after `unset`: no variable gives a password. */
const NO_PASSWORD = {
  TF_VAR_keycloak_admin_password: undefined,
  KEYCLOAK_PASSWORD: undefined,
} as unknown as Record<string, string>;

/** `main.ts` with a deployer: Terraform signs in by a key of its own. */
const MAIN = readFileSync(join(ROOT, "main.ts"), "utf8")
  .replace("  KeycloakServer,", "  DeployerClient,\n  KeycloakServer,")
  .replace(
    "const keyA =",
    `const deployerKey = new SigningKeyPair(stack, "DeployerKey", { name: "terraform", algorithm: "ES256" });
new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: deployerKey });

const keyA =`,
  );

/** The same with one more realm, and the lifespan of its access tokens. */
function withAnotherRealm(seconds: string): string {
  const realm = `const other = new Realm(stack, "Other", { server, realmName: "other", accessTokenLifespanSeconds: ${seconds} });
new SignedJwtClient(stack, "OfOther", { realm: other, clientId: "of-other", signingKey: deployerKey });
`;
  return MAIN.replace("new DeployerClient", `${realm}new DeployerClient`).replace("[realm]", "[realm, other]");
}

/** The server, the deployer with its realm, and a client, each in a stack of its own. */
const THREE_STACKS =
  MAIN.slice(0, MAIN.indexOf("const app =")) +
  `const app = new App();
const [host, access, clients] = ["host", "access", "clients"].map((id) => new TerraformStack(app, id)) as TerraformStack[];
for (const stack of [host!, access!, clients!]) new PrivateLocalBackend(stack);
const server = new KeycloakServer(host!, "Keycloak");
const realm = new Realm(access!, "Realm", { server, realmName: "sjwt-example" });
const signingKey = new SigningKeyPair(access!, "DeployerKey", { name: "terraform", algorithm: "ES256" });
new DeployerClient(access!, "Deployer", { server, realms: [realm], signingKey });
const keyA = new SigningKeyPair(clients!, "Key", { name: "machine-a" });
new SignedJwtClient(clients!, "MachineA", { realm, clientId: "machine-a", signingKey: keyA });
app.synth();
`;

const { left, folder, run, succeeds, remove } = tracedProject(OWN, MAIN, NO_PASSWORD);
afterAll(remove);

describe("Terraform that signs in by a key", () => {
  const canaries: string[] = [];

  it("needs a password for the first deploy, and says so if diff runs alone", async () => {
    const { exitCode, stderr } = await run("diff");
    expect(exitCode).toBe(1);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain("Set KEYCLOAK_PASSWORD for the first deploy");
  });

  it("is deployed by m2m with a password that nobody knows afterwards", async () => {
    expect(await succeeds("up")).toMatch(/^HTTP 200/);
    const file = join(folder, "cdktf.out/stacks/m2m/bootstrap-admin");
    const [id] = readdirSync(file);
    expect(readFileSync(join(file, id!, "keycloak.conf"), "utf8")).toBe("");
    expect((await run("diff")).exitCode).toBe(0);
    canaries.push(...privateParts(join(folder, KEY)));
  });

  it("changes what is declared, by its key alone", async () => {
    writeFileSync(join(folder, "main.ts"), MAIN.replace("86_400", "43_200"));
    expect((await run("diff")).exitCode).toBe(2);
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
  });

  it("makes a realm with a client, changes and removes it, by its key alone", async () => {
    for (const seconds of ["300", "240", undefined]) {
      writeFileSync(join(folder, "main.ts"), seconds === undefined ? MAIN : withAnotherRealm(seconds));
      await succeeds("up", ...(seconds === undefined ? ["--yes"] : [])); // the realm goes, with all in it
      expect((await run("diff")).exitCode).toBe(0);
    }
  });

  it("changes its own key in the same steps as those of machines", async () => {
    await succeeds("keys", "prepare", "terraform");
    await succeeds("up");
    await succeeds("keys", "activate", "terraform");
    await succeeds("up");
    await succeeds("keys", "retire", "terraform", "--force");
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
    canaries.push(...privateParts(join(folder, KEY)));
  });

  it("revokes its own key only if another is deployed already", async () => {
    const refused = await run("keys", "revoke", "terraform");
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining("Terraform signs in by this key")]);
    await succeeds("keys", "prepare", "terraform");
    await succeeds("up");
    await succeeds("keys", "revoke", "terraform");
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
    canaries.push(...privateParts(join(folder, KEY)));
  });

  it("reads the sign-ins of machines by its key", async () => {
    const { stdout, stderr } = await run("keys", "list", "--live", "--json");
    const pairs = JSON.parse(stdout) as { name: string; keys: { uses?: unknown[] }[] }[];
    expect(pairs.find(({ name }) => name === "machine-a")!.keys[0]!.uses).toHaveLength(1);
    expect(stderr).toContain("terraform: who signs with which key is not known");
  });

  it("leaves no key in state, JSON, traces, outputs, or a saved plan", async () => {
    expect(await placesWith(canaries, [KEY], left)).toEqual([]);
    const { stdout: variables } = await m2m(folder, ["env", "--json"], NO_PASSWORD);
    const plan = join(folder, "saved-plan");
    const cwd = join(folder, "cdktf.out/stacks/m2m");
    const env = { ...JSON.parse(variables), CHECKPOINT_DISABLE: "1" };
    const terraform = process.env.TERRAFORM_BINARY_NAME ?? "terraform";
    await execa(terraform, ["plan", "-input=false", `-out=${plan}`], { cwd, env });
    const { stdout: shown } = await execa(terraform, ["show", "-json", plan], { cwd, env });
    for (const text of [shown, unpacked(readFileSync(plan))]) {
      expect(text.length).toBeGreaterThan(10_000);
      expect(canaries.filter((canary) => text.includes(canary))).toEqual([]);
    }
  });

  it("signs in to a new container on the same volume, without an administrator's file", async () => {
    await docker("rm", "--force", OWN.keycloak);
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
  });

  it("is created again with the server if the volume is lost too", async () => {
    await docker("rm", "--force", OWN.keycloak);
    await docker("volume", "rm", `${OWN.keycloak}-data`);
    expect(await succeeds("up")).toMatch(/^HTTP 200/);
    expect((await run("diff")).exitCode).toBe(0);
  });

  it("destroys everything by its key, and itself last", async () => {
    await succeeds("down", "--yes");
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

describe("an environment that nobody can sign in to", () => {
  it("can still be taken down", async () => {
    await succeeds("up");
    await docker("exec", OWN.keycloak, "rm", "-rf", "/opt/keycloak/data/h2");
    await docker("restart", OWN.keycloak);
    await answers();
    expect((await run("diff")).stderr).toMatch(/refused the login|invalid_client/);
    await succeeds("down", "--yes");
    expect(await dockerThings(OWN)).toEqual([]);
  });

  it("can still be taken down if its first deploy failed", async () => {
    writeFileSync(
      join(folder, "main.ts"),
      MAIN.replace('clientId: "machine-b"', 'clientId: "machine-b", defaultScopes: ["none"]'),
    );
    expect((await run("up")).exitCode).toBe(1);
    await succeeds("down", "--yes");
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

describe("a server, its deployer and a client in three stacks", () => {
  it("are created, changed and removed by the key alone", async () => {
    writeFileSync(join(folder, "main.ts"), THREE_STACKS);
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
    await succeeds("keys", "prepare", "machine-a", "terraform");
    await succeeds("up");
    expect((await run("diff")).exitCode).toBe(0);
    await succeeds("down", "--yes");
    expect(await dockerThings(OWN)).toEqual([]);
  });
});

/** Waits until Keycloak has created its database, for a minute at most. */
async function answers(): Promise<void> {
  const url = `http://localhost:${OWN.keycloakPort}/realms/master`;
  for (const end = Date.now() + 300_000; Date.now() < end; await sleep(500)) {
    // A container that is stopping may accept a connection and never answer.
    const status = await fetch(url, { signal: AbortSignal.timeout(2000) }).then(
      ({ status }) => status,
      () => 0,
    );
    if (status === 200) return;
  }
  throw new Error(`${url} did not answer with 200 within 300 s`);
}

/** A saved plan is a zip file: unpacks all entries of its central directory. */
function unpacked(zip: Buffer): string {
  const contents: string[] = [];
  for (let at = zip.indexOf("PK\x01\x02"); at >= 0; at = zip.indexOf("PK\x01\x02", at + 4)) {
    const start = zip.readUInt32LE(at + 42);
    const data = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    const packed = zip.subarray(data, data + zip.readUInt32LE(at + 20));
    contents.push((zip.readUInt16LE(at + 10) === 0 ? packed : inflateRawSync(packed)).toString("latin1"));
  }
  return contents.join("\n");
}
