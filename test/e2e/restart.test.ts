// The negative cases that restart Keycloak, which no other file can share.

import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../generated-key";
import { testFolder } from "../machines/issuer-fixture";
import { type Base, forge, fresh, seconds } from "../negative-cases/forge";
import { Keycloak } from "../negative-cases/keycloak";
import { inputsFor } from "../negative-cases/table";
import { ADMIN_PASSWORD, admin, docker, m2m, makeProject, namesOf, takeDown } from "./environment";

const OWN = namesOf("restart");
const SECOND = { ...OWN, keycloak: `${OWN.keycloak}-second`, keycloakPort: OWN.keycloakPort + 1 };
const ADDRESS = `http://localhost:${OWN.keycloakPort}/realms/sjwt-example`;

const keys = testFolder();
let folder: string;
let keycloak: Keycloak;
let main: Base;
beforeAll(async () => {
  folder = makeProject(OWN);
  const { exitCode, stderr } = await m2m(folder, ["up"]);
  expect(exitCode, stderr).toBe(0);
  const [key, other, foreign] = await Promise.all(["main", "other", "foreign"].map((name) => keys.rsaKey(name)));
  keycloak = new Keycloak({
    admin: (method, path, body) => admin(OWN, method, path, body),
    address: ADDRESS,
    issuer: "http://keycloak:8080/realms/sjwt-example",
    watched: ADDRESS,
    version: "26.4",
    encryptTo: rsaPair().publicKey,
    restart,
    keys: { key: key!, other: other!, foreign: foreign! },
  });
  main = await keycloak.mainClient();
});
afterAll(async () => {
  keys.remove();
  await docker("rm", "--force", "--volumes", SECOND.keycloak);
  await takeDown(folder, OWN);
});

describe("Keycloak, restarted", () => {
  it.each(inputsFor("keycloak", "RS256", true))("%s", async (_, { ask, keycloak: answer }) => {
    const sender = fresh({ ...main, claims: { ...main.claims, iat: seconds(), exp: seconds(60) } });
    expect(await ask!(keycloak, sender)).toBe(answer);
  });

  it("still refuses an assertion the second time", async () => {
    const sender = fresh({ ...main, claims: { ...main.claims, iat: seconds(), exp: seconds(60) } });
    await keycloak.tokenFor(forge(sender));
    expect(await keycloak.ask(sender, forge(sender))).toBe("400 invalid_client: Token reuse detected");
  });
});

describe("Keycloak beside another of the same image", () => {
  it("has keys and ids of its own, though both began with the tables of the image", async () => {
    await runSecond();
    const [own, second] = await Promise.all([OWN, SECOND].map(identities));
    const all = [...own!, ...second!];
    expect(all.length).toBeGreaterThan(10);
    expect(new Set(all).size).toBe(all.length);
  });

  it("made no tables at its start", async () => {
    expect(await docker("logs", OWN.keycloak)).not.toContain("Initializing database schema");
  });
});

/** What no other server may have: of realm master its id, its keys, and the ids of its clients. */
async function identities(names: typeof OWN): Promise<string[]> {
  const [realm, keys, clients] = await Promise.all([
    admin(names, "GET", "", undefined, "master"),
    admin(names, "GET", "/keys", undefined, "master"),
    admin(names, "GET", "/clients", undefined, "master"),
  ]);
  const ids = [realm, ...clients].map(({ id }: { id: string }) => id);
  return [...ids, ...keys.keys.map(({ kid }: { kid: string }) => kid)];
}

/** Another server of the same image, with a volume of its own. */
async function runSecond(): Promise<void> {
  const image = await docker("inspect", "--format", "{{.Image}}", OWN.keycloak);
  const administrator = [
    "-e",
    "KC_BOOTSTRAP_ADMIN_USERNAME=admin",
    "-e",
    `KC_BOOTSTRAP_ADMIN_PASSWORD=${ADMIN_PASSWORD}`,
  ];
  const port = ["-p", `127.0.0.1:${SECOND.keycloakPort}:8080`];
  const start = ["start", "--optimized", "--cache=local", "--http-enabled=true", "--hostname-strict=false"];
  await docker("run", "--detach", "--rm", "--name", SECOND.keycloak, ...port, ...administrator, image, ...start);
  await answersAt(`http://localhost:${SECOND.keycloakPort}/realms/master`);
}

/** Restarts the container and waits until the realm answers. */
async function restart(): Promise<void> {
  await docker("restart", OWN.keycloak);
  await answersAt(ADDRESS);
}

async function answersAt(address: string): Promise<void> {
  const ready = () =>
    fetch(address)
      .then(({ ok }) => ok)
      .catch(() => false);
  while (!(await ready())) await setTimeout(200);
}
