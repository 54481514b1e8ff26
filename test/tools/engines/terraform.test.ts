import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { Terraform } from "../../../tools/engines/terraform";
import { fakeProgram, recordOutput, stackOf, temporaryFolder } from "../parts";

const folder = temporaryFolder();

/** Terraform's class over a program that answers as the script says. */
function terraform(script: string, env: Record<string, string> = {}, resource = {}) {
  const program = fakeProgram(folder.path, "terraform", script);
  const out = recordOutput();
  const stack = stackOf(resource, folder.path);
  return { program, out, terraform: new Terraform(program.path, stack, env, out) };
}

/** A script that prints Terraform's machine-readable events. */
function events(...all: object[]): string {
  writeFileSync(join(folder.path, "events"), all.map((event) => `${JSON.stringify(event)}\n`).join(""));
  return `cat '${join(folder.path, "events")}'`;
}

const ERROR = {
  type: "diagnostic",
  "@message": "Error: x",
  diagnostic: { severity: "error", summary: "no realm", detail: "404 Not Found", address: "keycloak_realm.R" },
};

describe("init", () => {
  const SCRIPT = "mkdir -p .terraform";

  it("runs once for the same requirements, and again for others", async () => {
    const first = terraform(SCRIPT, { TF_CLI_CONFIG_FILE: "a" });
    await first.terraform.init();
    await first.terraform.init();
    expect(first.program.calls()).toEqual(["init -input=false -no-color"]);
    const other = terraform(SCRIPT, { TF_CLI_CONFIG_FILE: "b" });
    await other.terraform.init();
    expect(other.program.calls()).toHaveLength(1);
  });

  it("removes the former lock file, whose checksums may be of other builds of the same versions", async () => {
    const lock = join(folder.path, ".terraform.lock.hcl");
    writeFileSync(lock, "checksums");
    await terraform(`${SCRIPT}; test ! -e .terraform.lock.hcl`).terraform.init();
    expect(existsSync(lock)).toBe(false);
  });

  it.each([
    ["written in another way", "/", ["-reconfigure"]],
    ["another one", "/other", []],
  ])("where the local state is %s", async (_, more, options) => {
    mkdirSync(join(folder.path, ".terraform"));
    const path = `${folder.path}${more}/m2m.tfstate`;
    const backend = { type: "local", config: { path, workspace_dir: null } };
    writeFileSync(join(folder.path, ".terraform", "terraform.tfstate"), JSON.stringify({ version: 3, backend }));
    const program = fakeProgram(folder.path, "terraform", SCRIPT);
    const stack = stackOf({}, folder.path);
    const json = { ...stack.json, terraform: { ...stack.json.terraform, backend: { local: { path: "m2m.tfstate" } } } };
    await new Terraform(program.path, { ...stack, json }, {}, recordOutput()).init();
    expect(program.calls()).toEqual([["init -input=false -no-color", ...options].join(" ")]);
  });

  it("runs again after it failed, and tells why", async () => {
    const failing = terraform("mkdir -p .terraform; echo 'no such provider' >&2; exit 1");
    const message = "terraform init of stack m2m failed:\nno such provider";
    await expect(failing.terraform.init()).rejects.toMatchObject({ code: "terraform-failed", message });
    await expect(failing.terraform.init()).rejects.toThrow(message);
  });
});

describe("apply", () => {
  it("does what a saved plan says, as one step", async () => {
    const other = { type: "planned_change", "@message": "keycloak_realm.R: Plan to create" };
    const { program, out, terraform: it } = terraform(`echo 'not JSON'; ${events(other)}`);
    await it.applyPlan("plan", 1);
    expect(program.calls()).toEqual(["apply -json -input=false plan"]);
    expect(out.said).toEqual(["applying stack m2m"]);
  });

  it("fails with every error, its address and its detail", async () => {
    const second = { ...ERROR, diagnostic: { severity: "error", summary: "and no client" } };
    const warning = { ...ERROR, diagnostic: { severity: "warning", summary: "old" } };
    const { terraform: it } = terraform(`${events(warning, ERROR, second)}; exit 1`);
    await expect(it.applyPlan("plan", 1)).rejects.toMatchObject({
      code: "terraform-failed",
      message: "terraform apply of stack m2m failed:\nno realm (keycloak_realm.R)\n404 Not Found\n\nand no client",
    });
  });

  it("fails with what was printed where there are no events", async () => {
    const { terraform: it } = terraform("echo 'killed' >&2; exit 1");
    await expect(it.applyPlan("plan", 1)).rejects.toThrow("terraform apply of stack m2m failed:\nkilled");
  });

  it("has a code of its own for a Terraform that was killed: its state may be incomplete", async () => {
    await expect(terraform("kill -9 $$").terraform.applyPlan("plan", 1)).rejects.toMatchObject({
      code: "terraform-killed",
      message: expect.stringContaining("was ended by SIGKILL"),
    });
  });

  it("fails where the program does not exist", async () => {
    const missing = new Terraform(join(folder.path, "none"), stackOf({}, folder.path), {}, recordOutput());
    await expect(missing.applyPlan("plan", 1)).rejects.toMatchObject({ code: "terraform-failed" });
  });
});

describe("plan", () => {
  it.each([
    [0, false],
    [2, true],
  ])("ends with %d: changes are %s", async (code, changes) => {
    const { program, terraform: it } = terraform(`exit ${code}`);
    expect((await it.planToShow("saved")).pending).toBe(changes);
    expect(program.calls()).toEqual(["plan -input=false -json -detailed-exitcode -out=saved -lock=false"]);
  });

  it("fails on an error", async () => {
    const { terraform: it } = terraform("echo 'connection refused' >&2; exit 1");
    await expect(it.planToShow("saved")).rejects.toThrow("terraform plan of stack m2m failed:\nconnection refused");
  });

  it("gives the planned changes as data", async () => {
    const change = { type: "planned_change", change: { action: "update", resource: { addr: "keycloak_realm.R" } } };
    const drift = { ...change, type: "resource_drift" };
    const { terraform: it } = terraform(`${events(drift, change)}; exit 2`);
    expect(await it.planJson()).toEqual({
      pending: true,
      changes: [{ action: "update", address: "keycloak_realm.R" }],
    });
  });

  it("goes into a file that only its owner can read, of all or of some addresses", async () => {
    const change = { type: "planned_change", change: { action: "delete", resource: { addr: "keycloak_realm.R" } } };
    const { program, terraform: it } = terraform(`touch saved; ${events(change)}; exit 2`);
    expect(await it.planInto("saved")).toEqual([{ action: "delete", address: "keycloak_realm.R" }]);
    await it.planInto("saved", ["docker_network.N"]);
    expect(program.calls()).toEqual([
      "plan -input=false -json -detailed-exitcode -out=saved",
      "plan -input=false -json -detailed-exitcode -out=saved -target=docker_network.N",
    ]);
    expect(statSync(join(folder.path, "saved")).mode & 0o777).toBe(0o600);
  });

  it("is shown in full from that file", async () => {
    const { program, terraform: it } = terraform(`echo '{"resource_changes":[]}'`);
    expect(await it.show("saved")).toEqual({ resource_changes: [] });
    expect(await it.showText("saved", false)).toBe('{"resource_changes":[]}');
    expect(program.calls()).toEqual(["show -json saved", "show -no-color saved"]);
  });

  it("counts a change of outputs alone", async () => {
    const outputs = { type: "outputs", outputs: { api: { action: "update" }, issuer: { action: "noop" } } };
    const { terraform: it } = terraform(`${events(outputs)}; exit 2`);
    expect(await it.planJson()).toEqual({ pending: true, changes: [{ action: "update", address: "output.api" }] });
  });

  it("says which variable holds a password that Keycloak refused", async () => {
    const { terraform: it } = terraform("echo '401: Invalid user credentials' >&2; exit 1");
    await expect(it.planToShow("saved")).rejects.toThrow("KEYCLOAK_PASSWORD");
  });

  it("fails as data with the errors of the events", async () => {
    const { terraform: it } = terraform(`${events(ERROR)}; exit 1`);
    await expect(it.planJson()).rejects.toThrow("failed:\nno realm (keycloak_realm.R)\n404 Not Found");
  });
});

describe("the state", () => {
  it("is pulled and read", async () => {
    const { program, terraform: it } = terraform(`echo '{"version":4,"outputs":{"issuer":{"value":"i"}}}'`);
    expect(await it.state()).toEqual({ outputs: { issuer: { value: "i" } }, resources: [] });
    expect(program.calls()).toEqual(["state pull"]);
  });

  it("is empty where there is none", async () => {
    expect((await terraform("").terraform.state()).resources).toEqual([]);
  });

  it("forgets entries, and asks for nothing where there are none", async () => {
    const { program, terraform: it } = terraform("");
    await it.forget([]);
    await it.forget(["keycloak_realm.R", "keycloak_openid_client.C"]);
    expect(program.calls()).toEqual(["state rm keycloak_realm.R keycloak_openid_client.C"]);
  });

  it("takes in what exists", async () => {
    const { program, terraform: it } = terraform("");
    await it.import("keycloak_realm.R", "prod");
    expect(program.calls()).toEqual(["import -input=false -no-color keycloak_realm.R prod"]);
  });

  it("calls an entry by another address", async () => {
    const { program, terraform: it } = terraform("");
    await it.move("keycloak_realm.Old", "keycloak_realm.New");
    expect(program.calls()).toEqual(["state mv keycloak_realm.Old keycloak_realm.New"]);
  });

  it.each([
    ["echo 'Error: Error acquiring the state lock' >&2; exit 1", true],
    ["echo 'Error: something else' >&2; exit 1", false],
    ["", false],
  ])("with %j is locked: %s, asked by a command that changes nothing", async (script, locked) => {
    const { program, terraform: it } = terraform(script);
    expect(await it.isLocked()).toBe(locked);
    expect(program.calls()).toEqual(["untaint -allow-missing -no-color none.none"]);
  });
});

it("writes files that only their owner can read, and this process keeps its own umask", async () => {
  const mask = process.umask(0o022);
  try {
    await terraform("echo secret >copy.tfstate.backup; mkdir folder").terraform.forget(["a.b"]);
    writeFileSync(join(folder.path, "ours"), "");
    const mode = (name: string) => statSync(join(folder.path, name)).mode & 0o777;
    expect([mode("copy.tfstate.backup"), mode("folder"), mode("ours")]).toEqual([0o600, 0o700, 0o644]);
  } finally {
    process.umask(mask);
  }
});

it.each([
  [undefined, "30"],
  ["5", "5"],
])("waits so long for a PostgreSQL that keeps the state, where PGCONNECT_TIMEOUT is %s: %s s", async (given, used) => {
  vi.stubEnv("PGCONNECT_TIMEOUT", given);
  try {
    const { terraform: it } = terraform(`echo "$PGCONNECT_TIMEOUT" >seen`);
    await it.forget(["a.b"]);
    expect(readFileSync(join(folder.path, "seen"), "utf8")).toBe(`${used}\n`);
  } finally {
    vi.unstubAllEnvs();
  }
});

it("runs in the stack's folder, with the environment that it was given and no check for new versions", async () => {
  const { terraform: it } = terraform(`pwd >seen; echo "$CHECKPOINT_DISABLE $OWN" >>seen`, { OWN: "yes" });
  await it.forget(["a.b"]);
  expect(readFileSync(join(folder.path, "seen"), "utf8")).toBe(`${folder.path}\ntrue yes\n`);
});
