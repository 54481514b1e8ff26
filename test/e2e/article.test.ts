import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { importPKCS8, SignJWT } from "jose";
import { describe, expect, inject, it } from "vitest";
import { SHARED } from "./environment";

const folder = inject("folder");
const ISSUER = "http://keycloak:8080/realms/sjwt-example";
const TOKEN_ENDPOINT = `${ISSUER}/protocol/openid-connect/token`;
const BEARER_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * The assertions of the article's reader: no kid in the header. Either the token endpoint or the issuer is the audience;
 * the one for introspection lives for five minutes.
 */
async function assertion(clientId: string, audience: string, lifeSeconds: number): Promise<string> {
  const key = await importPKCS8(readFileSync(join(folder, `certs/${clientId}-signing.key`), "utf8"), "RS256");
  const now = Math.floor(Date.now() / 1000);
  return await new SignJWT({ iss: clientId, aud: audience, sub: clientId, jti: randomUUID() })
    .setProtectedHeader({ alg: "RS256", typ: "JWT" })
    .setIssuedAt(now)
    .setExpirationTime(now + lifeSeconds)
    .sign(key);
}

/** curl with the article's host names. This environment publishes other ports, so that --connect-to leads there. */
async function curl(url: string, form: Record<string, string>, header?: string): Promise<string> {
  const map = [
    `keycloak:8080:127.0.0.1:${SHARED.keycloakPort}`,
    `machine-b:3000:127.0.0.1:${SHARED.machinePort}`,
  ].flatMap((pair) => ["--connect-to", pair]);
  const fields = Object.entries(form).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
  const headers = header === undefined ? [] : ["--header", header];
  return (await execa("curl", ["-fsS", "--max-time", "20", ...map, ...fields, ...headers, url])).stdout;
}

async function accessToken(audience: string): Promise<string> {
  const answer = await curl(TOKEN_ENDPOINT, {
    client_id: "machine-a",
    grant_type: "client_credentials",
    client_assertion_type: BEARER_ASSERTION,
    client_assertion: await assertion("machine-a", audience, 60),
    scope: "openid",
  });
  return JSON.parse(answer).access_token;
}

describe("the article's requests, as its reader sends them", () => {
  it.each([
    ["token endpoint", TOKEN_ENDPOINT],
    ["issuer", ISSUER],
  ])("an assertion with the %s as audience gets a token, and the protected API accepts it", async (_, audience) => {
    const token = await accessToken(audience);
    const answer = await curl("http://machine-b:3000/api/protected", {}, `Authorization: Bearer ${token}`);
    expect(JSON.parse(answer)).toMatchObject({ caller: "machine-a" });
  });

  it("machine-b learns by introspection that the token is active", async () => {
    const answer = await curl(`${TOKEN_ENDPOINT}/introspect`, {
      client_id: "machine-b",
      client_assertion_type: BEARER_ASSERTION,
      client_assertion: await assertion("machine-b", ISSUER, 300),
      token: await accessToken(TOKEN_ENDPOINT),
      token_type_hint: "access_token",
    });
    expect(JSON.parse(answer)).toMatchObject({ active: true, client_id: "machine-a", aud: "machine-b" });
  });

  it("the same assertion is refused the second time", async () => {
    const form = {
      client_id: "machine-a",
      grant_type: "client_credentials",
      client_assertion_type: BEARER_ASSERTION,
      client_assertion: await assertion("machine-a", ISSUER, 60),
    };
    expect(JSON.parse(await curl(TOKEN_ENDPOINT, form))).toMatchObject({ token_type: "Bearer" });
    await expect(curl(TOKEN_ENDPOINT, form)).rejects.toThrow(/returned error: 40[01]/);
  });
});
