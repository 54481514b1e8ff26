// What somebody changes by hand in Keycloak about who may call what: `m2m who-can --live` finds each of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Difference } from "../../tools/grants/difference";
import { liveMatrices } from "../../tools/grants/who-can";
import { createOutput } from "../../tools/output";
import { openProject, readStacks } from "../../tools/project/project";
import { ADMIN_PASSWORD, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";
import { type Call, CHANGES, MAIN } from "./who-can-changes";

const OWN = namesOf("who-can");
const BASE = `http://localhost:${SHARED.keycloakPort}`;
const login = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };

let folder: string;
beforeAll(async () => {
  for (const [name, value] of Object.entries(login)) vi.stubEnv(name, value);
  folder = makeProject(OWN, MAIN(BASE));
  const { exitCode, stderr } = await m2m(folder, ["up", "--yes"], login);
  expect(exitCode, stderr).toBe(0);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await takeDown(folder, OWN);
});

const whoCan = (...args: string[]) => m2m(folder, ["who-can", ...args], login);

/** What the command compares, without a synthesis and a process for each change. */
async function differences(): Promise<readonly Difference[]> {
  const [realm] = await liveMatrices(readStacks(openProject(folder)), createOutput({ json: false, colour: "auto" }));
  return realm!.differences;
}

const call: Call = async (method, path, body) => {
  const form = { grant_type: "password", client_id: "admin-cli", username: "admin", password: ADMIN_PASSWORD };
  const address = `${BASE}/realms/master/protocol/openid-connect/token`;
  const signIn = await fetch(address, { method: "POST", body: new URLSearchParams(form) });
  const { access_token } = (await signIn.json()) as { access_token: string };
  const answer = await fetch(`${BASE}/admin/realms/who-can${path}`, {
    method,
    headers: { authorization: `Bearer ${access_token}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: HTTP ${answer.status}`);
  return text === "" ? undefined : JSON.parse(text);
};

/** One of each kind that `m2m up` is said to set back; the renamed scope last, which the others look for by its name. */
const REPAIRED: readonly Difference["kind"][] = [
  "grant-missing",
  "grant-made-default",
  "scope-mapper-changed",
  "scope-not-named",
  "client-disabled",
  "full-scope-on",
  "client-authenticator",
  "service-account-off",
  "flow-on",
  "client-attribute",
  "binding-changed",
  "role-missing",
  "role-not-in-tokens",
  "scope-renamed",
];

describe("who-can", () => {
  it("says what is declared, and that Keycloak has it", async () => {
    const [declared, live] = [await whoCan(), await whoCan("--live")];
    expect([declared.exitCode, live.exitCode]).toEqual([0, 0]);
    expect(declared.stdout).toMatch(/^ +orders +orders:read, orders:write \(optional\)/m);
    expect(live.stdout).toContain("Keycloak has what is declared");
    expect(live.stdout.split("\n").slice(0, 8)).toEqual(declared.stdout.split("\n").slice(0, 8));
  });

  it.each(CHANGES)("finds $title by hand", async ({ make, found }) => {
    const takeBack = await make(call);
    try {
      expect((await differences()).map(({ text, ...facts }) => facts)).toEqual([found]);
    } finally {
      await takeBack();
    }
  });

  it("finds none of them after they were taken back", async () => {
    expect(await differences()).toEqual([]);
  });

  it("finds several at once, writes them as a page, and up repairs those that it says it does", async () => {
    const several = REPAIRED.map((kind) => CHANGES.find(({ found }) => found.kind === kind)!);
    for (const { make } of several) await make(call);
    const { exitCode: differs, stdout } = await whoCan("--live", "--json");
    const found = (JSON.parse(stdout).realms[0].differences as Difference[]).map(({ kind }) => kind);
    expect([differs, found.sort()]).toEqual([2, [...REPAIRED].sort()]);
    const { exitCode } = await whoCan("--live", "--html", "who-can.html");
    expect(exitCode).toBe(2);
    expect(readFileSync(join(folder, "who-can.html"), "utf8")).toContain("not in Keycloak");
    expect((await m2m(folder, ["up", "--yes"], login)).exitCode).toBe(0);
    expect(await differences()).toEqual([]);
  });
});
