// The negative cases that restart Keycloak, which no other file can share.

import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../generated-key";
import { testFolder } from "../machines/issuer-fixture";
import { type Base, forge, fresh, seconds } from "../negative-cases/forge";
import { Keycloak } from "../negative-cases/keycloak";
import { inputsFor } from "../negative-cases/table";
import { admin, docker, m2m, makeProject, namesOf, SHARED, takeDown } from "./environment";

const OWN = namesOf("restart");
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
    const [own, shared] = await Promise.all([OWN, SHARED].map(identity));
    expect(own!.image).toBe(shared!.image);
    const all = [...own!.identities, ...shared!.identities];
    expect(all.length).toBeGreaterThan(10);
    expect(new Set(all).size).toBe(all.length);
  });

  it("made no tables at its start", async () => {
    expect(await docker("logs", OWN.keycloak)).not.toContain("Initializing database schema");
  });
});

/** A server's image, and what no other server may have: of realm master its id, its keys, and the ids of its clients. */
async function identity(names: typeof OWN): Promise<{ image: string; identities: string[] }> {
  const [realm, keys, clients, image] = await Promise.all([
    admin(names, "GET", "", undefined, "master"),
    admin(names, "GET", "/keys", undefined, "master"),
    admin(names, "GET", "/clients", undefined, "master"),
    docker("inspect", "--format", "{{.Image}}", names.keycloak),
  ]);
  const ids = [realm, ...clients].map(({ id }: { id: string }) => id);
  return { image, identities: [...ids, ...keys.keys.map(({ kid }: { kid: string }) => kid)] };
}

/** Restarts the container and waits until the realm answers. */
async function restart(): Promise<void> {
  await docker("restart", OWN.keycloak);
  const ready = () =>
    fetch(ADDRESS)
      .then(({ ok }) => ok)
      .catch(() => false);
  while (!(await ready())) await setTimeout(200);
}
