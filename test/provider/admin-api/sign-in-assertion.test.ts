import { createHash, createPublicKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeProtectedHeader, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { Keycloak } from "../../../provider/admin-api/keycloak";
import type { Value } from "../../../provider/protocol/values";
import { connectionSettings } from "../../../provider/provider-block/connection-settings";
import { ecPair, rsaPair } from "../../generated-key";
import { errorOf, readRealm, serving } from "../stand-in";

describe("the assertion of a sign-in", () => {
  const { privateKey } = rsaPair();
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const ec = String(ecPair().privateKey.export({ type: "sec1", format: "pem" }));

  /** Logs in with these arguments and gives what the token endpoint was sent, form by form. */
  async function formsOf(options: { [name: string]: Value }, statuses = [200]) {
    const forms: URLSearchParams[] = [];
    const { url } = await serving(async (request, response) => {
      const isToken = request.url!.endsWith("/token");
      if (isToken) forms.push(new URLSearchParams((await request.toArray()).join("")));
      response.writeHead(isToken ? (statuses[forms.length - 1] ?? 200) : 200, { "content-type": "application/json" });
      const issuer = "https://known.example/realms/master";
      response.end(JSON.stringify({ issuer, access_token: "token", expires_in: 60, realm: "r" }));
    });
    await readRealm(new Keycloak(connectionSettings({ url, client_id: "terraform", ...options }, {})!));
    return forms;
  }

  it("is for the issuer that discovery names, good for 60 seconds, and names its key", async () => {
    const [form] = await formsOf({ jwt_signing_key: pem });
    expect(form!.get("client_assertion_type")).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    const assertion = form!.get("client_assertion")!;
    const { payload, protectedHeader } = await jwtVerify(assertion, createPublicKey(privateKey), {
      issuer: "terraform",
      subject: "terraform",
      audience: "https://known.example/realms/master",
    });
    expect(payload.exp! - payload.iat!).toBe(60);
    expect(payload.jti).toMatch(/^[\w-]{8}\.[\w-]{22}$/);
    const spki = createPublicKey(privateKey).export({ type: "spki", format: "der" });
    expect(protectedHeader).toEqual({
      alg: "RS256",
      typ: "JWT",
      kid: createHash("sha256").update(spki).digest("base64url"),
    });
  });

  it("leaves the key id out if the server knows the key by another id", async () => {
    const forms = await formsOf({ jwt_signing_key: ec, jwt_signing_alg: "ES256" }, [400, 200]);
    const headers = forms.map((form) => decodeProtectedHeader(form.get("client_assertion")!));
    expect(headers.map(({ kid }) => typeof kid)).toEqual(["string", "undefined"]);
  });

  it("takes an assertion as it is, or from a file, without a client id", async () => {
    const folder = mkdtempSync(join(tmpdir(), "m2m-assertion-"));
    writeFileSync(join(folder, "jwt"), "from-file\n");
    const given = { client_id: null, jwt_token: "as-it-is" };
    const [form] = await formsOf(given);
    expect(form!.has("client_id")).toBe(false);
    expect(form!.get("client_assertion")).toBe("as-it-is");
    const [other] = await formsOf({ jwt_token_file: join(folder, "jwt") });
    expect(other!.get("client_assertion")).toBe("from-file");
    rmSync(folder, { recursive: true });
  });

  it("is not needed where a token is given", async () => {
    expect(await formsOf({ access_token: "given" })).toEqual([]);
  });

  it.each([
    [{ jwt_signing_key: "no key" }, "jwt_signing_key must be a private key in unencrypted PEM"],
    [{ jwt_signing_key: pem, jwt_signing_alg: "ES256" }, "got: ES256 for a key of kind rsa"],
    [{ jwt_token_file: "/nonexistent/jwt" }, "jwt_token_file /nonexistent/jwt cannot be read, got: ENOENT"],
  ])("says why a key cannot be used (%#)", async (options, message) => {
    const text = await errorOf(formsOf(options));
    expect(text).toContain(message);
    expect(text).not.toContain("BEGIN");
  });
});
