import { createPrivateKey, randomUUID } from "node:crypto";
import { cpSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { KeyRecord } from "../../constructs/keys/key-record";
import { type Issuer, loadSigningKey, openIssuer, requestToken, signAssertion, watchSigningKey } from "../../machines";
import { placesWith, privateParts, tracedProject } from "./canary";
import { ADMIN_PASSWORD, clientOf, namesOf } from "./environment";
import { ROOT } from "./project";

const OWN = namesOf("rotation");
const KEY = "certs/machine-a-signing.key";
const RECORD = "certs/machine-a-signing.keys.json";
const REALM = "http://keycloak:8080/realms/sjwt-example";
const TOKEN_ENDPOINT = `http://localhost:${OWN.keycloakPort}/realms/sjwt-example/protocol/openid-connect/token`;
/** How long `m2m keys retire` waits after the activation. */
const ASSERTION_MS = 75_000;

/** machine-a signs with RS256, machine-b with ES256. */
const MAIN = readFileSync(join(ROOT, "main.ts"), "utf8").replace(
  '{ name: "machine-b",',
  '{ name: "machine-b", algorithm: "ES256",',
);
const { left, folder, outputs, run, succeeds, fails, remove } = tracedProject(OWN, MAIN);
let issuer: Issuer;
const canaries: string[] = [];

/** Hundreds of calls in all. More often would only cost computing: Keycloak answers each with a new token. */
const CALL_EVERY_MS = 100;

/** machine-a asks for a new token all the time, with the key in its file. */
const load = { calls: 0, failures: [] as string[], stop: false, ended: Promise.resolve() };

beforeAll(async () => {
  await succeeds("up");
  const connectTo = `keycloak:8080=127.0.0.1:${OWN.keycloakPort}`;
  issuer = openIssuer({ issuer: REALM, connectTo, allowInsecureHttp: true });
  canaries.push(...privateParts(join(folder, KEY)), ...privateParts(join(folder, "certs/machine-b-signing.key")));
  load.ended = call();
});

afterAll(async () => {
  load.stop = true;
  await load.ended;
  await issuer?.close();
  await remove();
});

async function call(): Promise<void> {
  const signingKey = watchSigningKey(join(folder, KEY), { log: () => {} });
  while (!load.stop) {
    load.calls++;
    await requestToken(issuer, { clientId: "machine-a", signingKey }).catch((error: Error) => {
      load.failures.push(error.message);
    });
    await sleep(CALL_EVERY_MS);
  }
}

const record = () => JSON.parse(readFileSync(join(folder, RECORD), "utf8")) as KeyRecord;
const kidOf = (state: string) => record().keys.find((entry) => entry.state === state)!.kid;
const staged = (kid: string) => `certs/machine-a-signing.${kid.slice(0, 8)}.key`;

/** Pretends that the retiring key was replaced at another time. */
function retiringSince(time: Date): void {
  const keys = record().keys.map((entry) =>
    entry.state === "retiring" ? { ...entry, since: `${time.toISOString().slice(0, 19)}Z` } : entry,
  );
  writeFileSync(join(folder, RECORD), JSON.stringify({ version: 1, keys }, null, 2));
}

const signsIn = (file: string) =>
  requestToken(issuer, { clientId: "machine-a", signingKey: loadSigningKey(join(folder, file)) }).then(
    () => "accepted",
    (error: Error) => error.message,
  );

function grant(assertion: string): URLSearchParams {
  return new URLSearchParams({
    grant_type: "client_credentials",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: assertion,
  });
}

/** How Keycloak answers to the key in a machine's file, with the key's id in the assertion and without. */
async function answersTo(clientId: string): Promise<string[]> {
  const key = createPrivateKey(readFileSync(join(folder, `certs/${clientId}-signing.key`)));
  const { kid, algorithm } = loadSigningKey(join(folder, `certs/${clientId}-signing.key`));
  const ask = async (header: object) => {
    const assertion = await new SignJWT({ jti: randomUUID() })
      .setProtectedHeader({ alg: algorithm, ...header })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(REALM)
      .setIssuedAt()
      .setExpirationTime("30s")
      .sign(key);
    const response = await fetch(TOKEN_ENDPOINT, { method: "POST", body: grant(assertion) });
    return response.ok ? "accepted" : await response.text();
  };
  return [await ask({ kid }), await ask({})];
}

/** The promise of every moment: the key in the file works, whether or not a program names it. */
async function fileKeysWork(): Promise<void> {
  for (const machine of ["machine-a", "machine-b"]) {
    expect([machine, ...(await answersTo(machine))]).toEqual([machine, "accepted", "accepted"]);
  }
}

describe("a rotation", () => {
  let old: string;
  let next: string;
  beforeEach(fileKeysWork);
  afterEach(fileKeysWork);

  it("prepares a key, and the diff shows one change in place", async () => {
    await succeeds("keys", "prepare", "machine-a");
    [old, next] = [kidOf("active"), kidOf("prepared")];
    canaries.push(...privateParts(join(folder, staged(next))));
    const diff = await run("diff");
    expect([diff.exitCode, diff.stdout]).toEqual([2, `~ client machine-a  key ${next.slice(0, 8)} prepared`]);
  });

  it("does not let a key sign before it is deployed", async () => {
    expect(await fails("keys", "activate", "machine-a")).toContain(`does not accept key ${next.slice(0, 8)} yet`);
    expect(await signsIn(staged(next))).toContain("Unable to load public key");
    const { exitCode, stdout } = await run("keys", "activate", "--all", "--json");
    const { failures } = JSON.parse(stdout) as { failures: { name: string; code: string }[] };
    expect([exitCode, failures.map(({ name, code }) => `${name} ${code}`)]).toEqual([
      1,
      ["machine-a key-not-deployed", "machine-b KEY_NOT_FOUND"],
    ]);
  });

  it("has both keys accepted after the deploy", async () => {
    await succeeds("keys", "prepare", "machine-b");
    await succeeds("up");
    expect([await signsIn(KEY), await signsIn(staged(next))]).toEqual(["accepted", "accepted"]);
  });

  it("waits with the new key for the deploy that puts it first", async () => {
    const { stderr } = await run("keys", "activate", "machine-a");
    expect(stderr).toMatch(/a program did not say which key it signed with: \S+ at /);
    await succeeds("keys", "activate", "machine-b");
    expect(loadSigningKey(join(folder, KEY)).kid).toBe(old);
  });

  it("brings the new key to the machine with that deploy, and into its container", async () => {
    await succeeds("up");
    expect(loadSigningKey(join(folder, KEY)).kid).toBe(next);
    expect((await run("diff")).exitCode).toBe(0);
    await succeeds("call", "--online");
    const { attributes } = (await clientOf(OWN, "machine-a")) as unknown as { attributes: Record<string, string> };
    const active = record().keys.find((entry) => entry.state === "active")!;
    expect(attributes["jwt.credential.certificate"]).toBe(active.certificate);
  });

  it("keeps the old key while it is in use, and until its last assertion has expired", async () => {
    expect(await fails("keys", "retire", "machine-a")).toContain("signed is accepted until");
    retiringSince(new Date(Date.now() - ASSERTION_MS - 10_000));
    expect(await signsIn(staged(old))).toBe("accepted");
    expect(await fails("keys", "retire", "machine-a")).toMatch(
      new RegExp(`a machine still signs with key ${old.slice(0, 8)}: \\S+ at `),
    );
    await succeeds("keys", "list", "machine-a", "--live");
    const listed = JSON.parse(await succeeds("keys", "list", "machine-a", "--live", "--json"));
    const uses = listed[0].keys.map(({ kid, uses }: { kid: string; uses: unknown[] }) => [kid, uses.length]);
    expect(uses).toEqual([
      [old, 1],
      [next, 1],
    ]);
  });

  it("retires the old key then, and Keycloak refuses it after the deploy", async () => {
    const oldKey = loadSigningKey(join(folder, staged(old)));
    await sleep(1100);
    retiringSince(new Date(Date.now() - ASSERTION_MS));
    await succeeds("keys", "retire", "machine-a");
    await succeeds("up");
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey: oldKey })).rejects.toThrow(
      "Unable to load public key",
    );
    const { attributes } = (await clientOf(OWN, "machine-a")) as unknown as { attributes: Record<string, string> };
    expect(attributes["use.jwks.string"]).toBe("false");
    expect((await run("diff")).exitCode).toBe(0);
  });

  it("has not failed one of hundreds of calls", () => {
    expect(load.failures).toEqual([]);
    expect(load.calls).toBeGreaterThan(300);
  });
});

describe("a revoked key", () => {
  it("is refused within 10 s of the deploy and for ever, and the machine signs with another", async () => {
    const leaked = loadSigningKey(join(folder, KEY));
    cpSync(join(folder, KEY), join(folder, KEY.replace("machine-a", "leaked")));
    await succeeds("keys", "revoke", "machine-a");
    canaries.push(...privateParts(join(folder, KEY)));
    await succeeds("up");
    const since = Date.now();
    const refused = () =>
      requestToken(issuer, { clientId: "machine-a", signingKey: leaked }).then(
        () => false,
        ({ message }: Error) => message.includes("Unable to load public key"),
      );
    while (!(await refused())) expect(Date.now() - since).toBeLessThan(10_000);
    expect(await signsIn(KEY)).toBe("accepted");
    expect(await fails("keys", "activate", "machine-a", "--key", leaked.kid)).toContain("(revoked)");
  });
});

describe("docs/rotation.md", () => {
  it("shows what the commands print", async () => {
    await succeeds("keys", "list");
    const { stderr } = await callByBash(KEY.replace("machine-a", "leaked"));
    const printed = [...outputs.flatMap((output) => [output.stdout, output.stderr]), stderr].join("\n").split("\n");
    const blocks = readFileSync(join(ROOT, "docs/rotation.md"), "utf8").matchAll(/```text\n(.*?)```/gs);
    const shown = [...blocks].flatMap(([, block]) => block!.trimEnd().split("\n"));
    expect(shown.length).toBeGreaterThan(15);
    const known = new Set(printed.map(withoutNames));
    expect(shown.filter((line) => !known.has(withoutNames(line)))).toEqual([]);
  });

  /** Replaces what differs from run to run. */
  const withoutNames = (line: string) =>
    line
      .replaceAll(/\d{4}-\d\d-\d\d(T[\d:]+Z)?/g, "TIME")
      .replaceAll(/key [\w-]{8}(?![\w-])/g, "key KID")
      .replace(/^ {2}[\w-]{8} {2}/, "  KID  ")
      .replaceAll(/\d+\.\d+\.\d+\.\d+/g, "ADDRESS");

  const callByBash = (keyFile: string) =>
    execa("bash", [join(ROOT, "machines/machine-a/call.sh")], {
      cwd: folder,
      reject: false,
      env: { CLIENT_ID: "machine-a", KEY_FILE: keyFile, CONNECT_TO: `keycloak:8080=127.0.0.1:${OWN.keycloakPort}` },
    });
});

describe("secrets", () => {
  it("of keys and the administrator are only in their files, after all this", async () => {
    const keyFiles = readdirSync(join(folder, "certs")).filter((name) => name.endsWith(".key"));
    expect(
      await placesWith(
        canaries,
        keyFiles.map((name) => `certs/${name}`),
        left,
      ),
    ).toEqual([]);
    const places = await placesWith([ADMIN_PASSWORD], [], left);
    expect(places).toEqual([expect.stringMatching(/keycloak\.conf$/)]);
  });

  it("like assertions are in no log, whether Keycloak accepts or refuses them", async () => {
    const signingKey = loadSigningKey(join(folder, KEY));
    const assertion = await signAssertion({ clientId: "machine-a", issuer: REALM, signingKey });
    const send = () => fetch(TOKEN_ENDPOINT, { method: "POST", body: grant(assertion) });
    expect([(await send()).status, (await send()).status]).toEqual([200, 400]); // accepted once
    const parts = assertion.split(".").slice(1); // the header says nothing that is secret
    await run("env", "--json");
    expect(await placesWith(parts, [], left)).toEqual([]);
  });

  it("that Keycloak makes for a client are not in the state", async () => {
    const { id, secret } = (await clientOf(OWN, "machine-a")) as { id: string; secret?: string };
    expect(id).toBeDefined();
    if (secret !== undefined) {
      expect(await placesWith([secret], [], left)).toEqual([]);
    }
  });
});
