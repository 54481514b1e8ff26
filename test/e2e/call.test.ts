import { join } from "node:path";
import { decodeJwt } from "jose";
import { describe, expect, inject, it } from "vitest";
import { loadSigningKey, openIssuer, requestToken } from "../../machines";
import { admin, callApi, clientOf, m2m, SHARED } from "./environment";

const folder = inject("folder");

describe("up", () => {
  it("ends with machine-a's call answered, from nothing", () => {
    const { exitCode, stdout, stderr } = inject("firstUp");
    expect(stderr).not.toMatch(/^m2m: /m);
    expect(exitCode).toBe(0);
    expect(stdout).toBe("HTTP 200 from http://machine-b:3000/api/protected\ncaller: machine-a");
  });

  it("names the keys it made, and prints no progress into a pipe", () => {
    const { stderr } = inject("firstUp");
    expect(stderr).toContain("made the private key certs/machine-a-signing.key");
    expect(stderr).not.toMatch(/synthesizing|applying|Creation complete/);
  });

  it("changes nothing the second time", async () => {
    const { exitCode, stdout } = await m2m(folder, ["up", "--json"]);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 200, answer: { caller: "machine-a", verified: "offline" } });
    expect((await m2m(folder, ["diff"])).exitCode).toBe(0);
  });
});

describe("call", () => {
  it.each([
    ["TypeScript", "offline", []],
    ["TypeScript", "online", ["--online"]],
    ["Bash", "offline", ["--bash"]],
    ["Bash", "online", ["--bash", "--online"]],
  ] as const)("by %s, verified %s", async (_, verified, options) => {
    const { exitCode, stdout } = await m2m(folder, ["call", ...options]);
    expect(stdout).toBe(`HTTP 200\ncaller: machine-a\nverified: ${verified}`);
    expect(exitCode).toBe(0);
  });

  it("fails for a client that has no grant to call", async () => {
    const { exitCode, stderr } = await m2m(folder, ["call", "machine-b"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/answered HTTP 401 .*invalid_token/);
  });

  it("lists the known clients if the client is unknown", async () => {
    const { exitCode, stderr } = await m2m(folder, ["token", "machine-x"]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(
      'no client "machine-x" that signs in with a JWT is declared; declared: machine-a, machine-b',
    );
  });
});

describe("a wrong command line", () => {
  it.each([
    [["upp"], 'there is no command "upp"'],
    [["up", "keycloak"], "up takes no argument, got: keycloak"],
    [["token"], "token needs a CLIENT_ID"],
    [["token", "a", "b"], "token takes one argument, got: a b"],
    [["up", "--tail", "5"], "up takes no --tail"],
    [["call", "--new-keys"], "call takes no --new-keys"],
    [["logs", "--tail", "few"], "--tail must be a number of lines, got: few"],
    [["up", "--unknown"], "Unknown option '--unknown'; see m2m --help"],
    [["provider", "somewhere"], "provider must be registry or embedded, got: somewhere"],
  ])("%j ends with 1 and says why", async (args, message) => {
    const { exitCode, stdout, stderr } = await m2m(folder, args);
    expect(exitCode).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
    expect(stderr).not.toContain("-- ");
  });
});

describe("tokens", () => {
  it("have the audience machine-b only if machine-a asks for them", async () => {
    const a = decodeJwt((await m2m(folder, ["token", "machine-a"])).stdout);
    expect(a).toMatchObject({ azp: "machine-a", aud: "machine-b", iss: "http://keycloak:8080/realms/sjwt-example" });
    expect(a.exp! - a.iat!).toBe(300);
    expect(decodeJwt((await m2m(folder, ["token", "machine-b"])).stdout).aud).toBeUndefined();
  });

  it.each([false, true])(
    "are refused with 401 and a challenge when missing, malformed, tampered or foreign (online: %s)",
    async (online) => {
      const good = (await m2m(folder, ["token", "machine-a"])).stdout;
      const [header, payload, signature] = good.split(".");
      const tampered = `${header}.${payload}.${signature!.startsWith("A") ? "B" : "A"}${signature!.slice(1)}`;
      const foreign = (await m2m(folder, ["token", "machine-b"])).stdout; // of this realm, for another audience
      const missing = await callApi(SHARED, undefined, online);
      expect([missing.status, missing.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="machine-b"']);
      for (const bad of ["not-a-token", tampered, foreign, await masterToken()]) {
        const answer = await callApi(SHARED, bad, online);
        expect(answer.status).toBe(401);
        expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="machine-b", error="invalid_token"/);
      }
      expect((await callApi(SHARED, good, online)).status).toBe(200);
    },
  );

  it("of a disabled client are refused online, and accepted offline until they expire", async () => {
    // A copy of machine-a: other tests use machine-a at the same time.
    const { id: _, ...machineA } = await clientOf(SHARED, "machine-a");
    await admin(SHARED, "POST", "/clients", { ...machineA, clientId: "twin" });
    const twin = await clientOf(SHARED, "twin");
    try {
      const { accessToken } = await tokenOf("twin", "machine-a");
      expect((await callApi(SHARED, accessToken, true)).status).toBe(200);
      await admin(SHARED, "PUT", `/clients/${twin.id}`, { ...twin, enabled: false });
      expect((await callApi(SHARED, accessToken, true)).status).toBe(401);
      expect((await callApi(SHARED, accessToken)).status).toBe(200);
    } finally {
      await admin(SHARED, "DELETE", `/clients/${twin.id}`);
    }
  });
});

describe("the generated client secret", () => {
  it("gets no token, because a signed-JWT client has no password", async () => {
    const { id } = await clientOf(SHARED, "machine-a");
    const { value } = await admin(SHARED, "GET", `/clients/${id}/client-secret`);
    const secret = value ?? (await admin(SHARED, "POST", `/clients/${id}/client-secret`)).value;
    const response = await fetch(
      `http://localhost:${SHARED.keycloakPort}/realms/sjwt-example/protocol/openid-connect/token`,
      {
        method: "POST",
        body: new URLSearchParams({ grant_type: "client_credentials", client_id: "machine-a", client_secret: secret }),
      },
    );
    expect(response.status).toBeGreaterThanOrEqual(400);
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/invalid_client|unauthorized_client/) });
  });
});

/** Asks for a token of one client, with the key of another, by the machine library. */
async function tokenOf(clientId: string, keyOwner: string) {
  const issuer = openIssuer({
    issuer: "http://keycloak:8080/realms/sjwt-example",
    connectTo: `keycloak:8080=127.0.0.1:${SHARED.keycloakPort}`,
    allowInsecureHttp: true,
  });
  const signingKey = loadSigningKey(join(folder, "certs", `${keyOwner}-signing.key`));
  return requestToken(issuer, { clientId, signingKey }).finally(issuer.close);
}

/** A good token of another realm on the same server. */
async function masterToken(): Promise<string> {
  const body = new URLSearchParams({
    grant_type: "password",
    client_id: "admin-cli",
    username: "admin",
    password: "Canary-7f3a91c2-admin-password",
  });
  const url = `http://localhost:${SHARED.keycloakPort}/realms/master/protocol/openid-connect/token`;
  const { access_token } = (await (await fetch(url, { method: "POST", body })).json()) as { access_token: string };
  return access_token;
}

describe("the machine library", () => {
  it("reports a key that Keycloak does not know, and does not show the assertion", async () => {
    const attempt = tokenOf("machine-a", "machine-b");
    await expect(attempt).rejects.toThrow(/invalid_client/);
    await expect(attempt).rejects.not.toThrow(/eyJ/);
  });
});
