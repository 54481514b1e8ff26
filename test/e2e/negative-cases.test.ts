// The negative cases against a real Keycloak, with clients of their own.
import { createPublicKey, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ALGORITHMS, testFolder } from "../machines/issuer-fixture";
import { jwk } from "../negative-cases/case";
import { type Base, forge, fresh, seconds, shows } from "../negative-cases/forge";
import { Keycloak } from "../negative-cases/keycloak";
import { inputsFor } from "../negative-cases/table";
import { admin, docker, SHARED } from "./environment";

const ADDRESS = `http://localhost:${SHARED.keycloakPort}/realms/sjwt-example`;

const folder = testFolder();
/** Serves a list of keys, and notes each request. */
const asked: string[] = [];
let published: object[] = [];
const watcher = createServer((request, response) => {
  asked.push(request.url ?? "");
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ keys: published }));
});
let watched: string;
let version: string;
let encryptTo: KeyObject;
beforeAll(async () => {
  await new Promise<void>((resolve) => watcher.listen(0, "0.0.0.0", resolve));
  const gateway = await docker(
    "network",
    "inspect",
    `${SHARED.keycloak}-network`,
    "--format",
    "{{(index .IPAM.Config 0).Gateway}}",
  );
  watched = `http://${gateway}:${(watcher.address() as AddressInfo).port}/keys`;
  version = /Keycloak (\d+\.\d+\.\d+) on JVM/.exec(await docker("logs", SHARED.keycloak))![1]!;
  const { keys } = (await (await fetch(`${ADDRESS}/protocol/openid-connect/certs`)).json()) as {
    keys: { use: string }[];
  };
  const key = keys.find(({ use }) => use === "enc");
  encryptTo = createPublicKey({ key, format: "jwk" } as JsonWebKeyInput);
});
afterAll(async () => {
  await new Promise((resolve) => watcher.close(resolve));
  folder.remove();
});

describe.each(ALGORITHMS)("%s", (algorithm) => {
  let keycloak: Keycloak;
  let main: Base;
  beforeAll(async () => {
    const [key, other, foreign] = await Promise.all(
      ["main", "other", "foreign"].map((name) => folder.key(`${algorithm}-${name}.key`, algorithm)),
    );
    keycloak = new Keycloak({
      admin: (method, path, body) => admin(SHARED, method, path, body),
      address: ADDRESS,
      issuer: "http://keycloak:8080/realms/sjwt-example",
      watched,
      version,
      encryptTo,
      restart: () => Promise.reject(new Error("others use this Keycloak")),
      keys: { key: key!, other: other!, foreign: foreign! },
    });
    main = await keycloak.mainClient();
  });
  afterEach(() => void asked.splice(0));
  afterAll(() => keycloak.remove());

  /** The main client, now. */
  const base = (): Base => fresh({ ...main, claims: { ...main.claims, iat: seconds(), exp: seconds(60) } });

  it("gets a token for a good assertion, with and without client_id", async () => {
    expect(await keycloak.ask(main, forge(base()))).toBe("accepted");
    expect(await keycloak.ask(main, forge(base()), { client_id: undefined })).toBe("accepted");
  });

  it("has its keys fetched from the watched address only if the client says so", async () => {
    const attributes = { "use.jwks.string": "false", "use.jwks.url": "true", "jwks.url": watched };
    const client = await keycloak.client();
    await keycloak.change(client, { attributes });
    published = [jwk(client.key)];
    expect(await keycloak.ask(client, forge(client))).toBe("accepted");
    expect(asked).toEqual(["/keys"]);
  });

  it.each(inputsFor("keycloak", algorithm))("%s", async (_, { token = forge, ask, keycloak: answer }) => {
    const sender = base();
    expect(await (ask ? ask(keycloak, sender) : keycloak.ask(sender, token(sender)))).toBe(answer);
    expect(asked).toEqual([]);
  });

  it("leaves no assertion in Keycloak's log", async () => {
    const log = await docker("logs", SHARED.keycloak);
    expect(keycloak.sent.length).toBeGreaterThan(100);
    expect(keycloak.sent.filter((assertion) => shows(log, assertion))).toEqual([]);
  });
});
