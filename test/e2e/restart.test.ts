// The negative cases that restart Keycloak, which no other file can share.

import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rsaPair } from "../generated-key";
import { testFolder } from "../machines/issuer-fixture";
import { type Base, forge, fresh, seconds } from "../negative-cases/forge";
import { Keycloak } from "../negative-cases/keycloak";
import { inputsFor } from "../negative-cases/table";
import { admin, docker, m2m, makeProject, namesOf, takeDown } from "./environment";

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

/** Restarts the container and waits until the realm answers. */
async function restart(): Promise<void> {
  await docker("restart", OWN.keycloak);
  const ready = () =>
    fetch(ADDRESS)
      .then(({ ok }) => ok)
      .catch(() => false);
  while (!(await ready())) await setTimeout(200);
}
