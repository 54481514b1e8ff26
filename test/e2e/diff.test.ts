import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { expectSchema } from "../tools/changes/schema";
import { admin, clientOf, m2m, makeProject, namesOf, takeDown } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("diff");
const MAIN = readFileSync(join(ROOT, "main.ts"), "utf8");

let folder: string;
beforeAll(async () => {
  folder = makeProject(OWN);
});
afterAll(async () => await takeDown(folder, OWN));

async function changes(): Promise<{ action: string; address: string }[]> {
  const { stdout, exitCode } = await m2m(folder, ["diff", "--json"]);
  expectSchema(JSON.parse(stdout));
  const list = JSON.parse(stdout).changes;
  expect(exitCode).toBe(list.length > 0 ? 2 : 0);
  return list.map(({ action, address }: { action: string; address: string }) => ({ action, address }));
}

/** The list in words, with key ids and dates as they are in every run. Not each provider reads where keys are fetched. */
async function listed(...args: string[]): Promise<string> {
  const { stdout } = await m2m(folder, ["diff", ...args]);
  return stdout
    .replaceAll(/key [\w-]{8}\b/g, "key KEYID")
    .replaceAll(/\d{4}-\d\d-\d\d/g, "DATE")
    .replaceAll(/keys at [^,]+,/g, "keys at URL,");
}

async function repaired(): Promise<void> {
  expect((await m2m(folder, ["up"])).exitCode).toBe(0);
  expect(await changes()).toEqual([]);
}

describe("diff", () => {
  it("works before the first deploy, without Keycloak", async () => {
    expect(await listed()).toMatch(
      /^\+ realm sjwt-example {2}access tokens valid for 5m0s\n\+ client machine-a {2}RS256, key KEYID until DATE, may call machine-b\n/,
    );
    const { exitCode, stdout } = await m2m(folder, ["diff", "--full"]);
    expect(exitCode).toBe(2);
    expect(stdout).toMatch(/^\+ client machine-b[\s\S]+\n\nPlan: \d+ to add, 0 to change, 0 to destroy/m);
  });

  it("is empty after up, and says so", async () => {
    const made = await m2m(folder, ["up"]);
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.stderr).toMatch(/^stack m2m: \d+ added\n\+ realm sjwt-example {2}access tokens valid for 5m0s$/m);
    const { exitCode, stdout } = await m2m(folder, ["diff"]);
    expect(exitCode).toBe(0);
    expect(stdout).toBe("No changes.");
  });

  it.each([
    [
      "flow",
      (client: object) => ({ ...client, standardFlowEnabled: true }),
      "~ client machine-a  users sign in by the standard flow: true (was false)",
    ],
    [
      "key source",
      keySource,
      "! client machine-a  keys at URL, key KEYID refused, its machine cannot sign in until it signs with another key",
    ],
  ])("shows a client whose %s was changed by hand, and up repairs it", async (_, change, shown) => {
    const client = await clientOf(OWN, "machine-a");
    await admin(OWN, "PUT", `/clients/${client.id}`, change(client));
    expect(await listed()).toBe(`changed by hand, and set back by \`m2m up\`:\n${shown}`);
    expect(await listed("--markdown")).toBe(
      `**m2m diff:** 1 changed by hand\n\n\`\`\`diff\nchanged by hand, and set back by \`m2m up\`:\n${shown}\n\`\`\``,
    );
    await repaired();
  });

  it("shows a client that was deleted by hand, and up creates it again", async () => {
    const { id } = await clientOf(OWN, "machine-a");
    await admin(OWN, "DELETE", `/clients/${id}`);
    expect(await changes()).toEqual(
      expect.arrayContaining([
        { action: "create", address: expect.stringMatching(/^keycloak_openid_client\.MachineA_/) },
      ]),
    );
    expect(await listed()).toBe(
      "changed by hand, and set back by `m2m up`:\n! client machine-a  was deleted: it is made again, empty of what nobody declares, its machine cannot sign in until then",
    );
    await repaired();
  });
});

describe("a change in code", () => {
  afterEach(async () => {
    writeFileSync(join(folder, "main.ts"), MAIN);
    expect((await m2m(folder, ["up", "--yes"])).exitCode).toBe(0); // one destroys a client
  });

  it("that adds a client shows three additions", async () => {
    const lines = [
      'const keyC = new SigningKeyPair(stack, "MachineCKey", { name: "machine-c" });',
      'const c = new SignedJwtClient(stack, "MachineC", { realm, clientId: "machine-c", signingKey: keyC });',
      "b.grantCall(c);",
    ];
    writeFileSync(join(folder, "main.ts"), MAIN.replace("const api =", `${lines.join("\n")}\nconst api =`));
    expect(await changes()).toEqual([
      { action: "create", address: expect.stringMatching(/^keycloak_openid_client\.MachineC_\w+$/) },
      {
        action: "create",
        address: expect.stringMatching(/^keycloak_openid_client_default_scopes\.MachineC_DefaultScopes_\w+$/),
      },
      {
        action: "create",
        address: expect.stringMatching(/^keycloak_openid_client_optional_scopes\.MachineC_OptionalScopes_\w+$/),
      },
    ]);
    const line = "+ client machine-c  RS256, key KEYID until DATE, may call machine-b";
    expect(await listed()).toBe(line);
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /^stack m2m: 1 added\n\+ client machine-c {2}RS256, key \S{8} until \S+, may call machine-b$/m,
    );
    expect(await changes()).toEqual([]);
  });

  it("that renames a construct moves all that belongs to it in the state, and destroys nothing", async () => {
    const { id } = await clientOf(OWN, "machine-a");
    writeFileSync(join(folder, "main.ts"), MAIN.replace('stack, "MachineA"', 'stack, "Renamed"'));
    expect((await changes()).map(({ action }) => action)).not.toContain("delete");
    const { exitCode, stderr } = await m2m(folder, ["up"]);
    expect(exitCode, stderr).toBe(0);
    expect(stderr).toContain("client machine-a of realm sjwt-example moves in the state");
    expect(await changes()).toEqual([]);
    expect((await clientOf(OWN, "machine-a")).id).toBe(id);
  });

  it("that would destroy a client is told in words, and done only with --yes", async () => {
    const { id } = await clientOf(OWN, "machine-a");
    const mistyped = MAIN.replace('clientId: "machine-a"', 'clientId: "machine-aa"');
    writeFileSync(join(folder, "main.ts"), mistyped.replace(`stack, "MachineA"`, `stack, "Other"`));
    const { exitCode, stdout } = await m2m(folder, ["up", "--json"]);
    expect(exitCode).toBe(3);
    expect(JSON.parse(stdout).error).toMatchObject({
      code: "not-confirmed",
      message: expect.stringContaining("client machine-a of realm sjwt-example (keycloak_openid_client.MachineA_"),
    });
    expect((await clientOf(OWN, "machine-a")).id).toBe(id);
  });

  it("that removes a scope shows one changed attribute", async () => {
    const machineA = 'clientId: "machine-a", signingKey: keyA';
    writeFileSync(
      join(folder, "main.ts"),
      MAIN.replace(machineA, `${machineA}, defaultScopes: ["service_account", "profile", "basic"]`),
    );
    expect(await listed()).toBe("~ client machine-a  default scope email removed");
    const { exitCode, stdout } = await m2m(folder, ["diff", "--full"]);
    expect(exitCode).toBe(2);
    expect(stdout).toContain("Plan: 0 to add, 1 to change, 0 to destroy.");
    expect(
      stdout
        .split("\n")
        .filter((line) => /^ {6,}[-+~] /.test(line))
        .map((line) => line.trim()),
    ).toEqual([expect.stringMatching(/^~ default_scopes\s+= \[/), '- "email",']);
  });
});

function keySource(client: Record<string, unknown>): object {
  const attributes = {
    ...(client.attributes as object),
    "use.jwks.url": "true",
    "jwks.url": "http://127.0.0.1:1/keys",
  };
  return { ...client, attributes };
}
