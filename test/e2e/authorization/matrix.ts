// Who may call what: the real tokens and the real guard agree with drawn grants.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createGuard, createVerifier, type Issuer, loadSigningKey, openIssuer, requestToken } from "../../../machines";
import { ADMIN_PASSWORD, m2m, makeProject, namesOf, takeDown } from "../environment";

const OWN = namesOf("authorization");
const ISSUER = "http://keycloak:8080/realms/authorization";
const MACHINES = Array.from({ length: 20 }, (_, index) => `m${index}`);
const APIS = Array.from({ length: 10 }, (_, index) => `a${index}`);
const SCOPES = ["read", "write", "admin"];

/** What one machine may do at one API: each scope in every token, where asked for, or not at all. */
type Kind = "default" | "optional" | "no";
interface Drawn {
  readonly machine: string;
  readonly api: string;
  readonly scope: string;
  readonly kind: Kind;
}

const pairs = MACHINES.flatMap((machine) =>
  APIS.flatMap((api) => SCOPES.map((scope) => ({ machine, api, scope: `${api}:${scope}` }))),
);
const seed = Date.now();
const kinds = fc.sample(fc.constantFrom<Kind>("default", "optional", "no", "no", "no"), {
  seed,
  numRuns: pairs.length,
});
const drawn: Drawn[] = pairs.map((pair, index) => ({ ...pair, kind: kinds[index]! }));
const of = (machine: string, kind: Kind) => drawn.filter((one) => one.machine === machine && one.kind === kind);

const mainAt = (keycloakPort: number) => `
import { readFileSync } from "node:fs";
import { App, TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, ProtectedApi, Realm, SignedJwtClient, SigningKeyPair } from "./constructs";

const app = new App();
const stack = new TerraformStack(app, "authorization");
new PrivateLocalBackend(stack);
const at = { url: "http://localhost:${keycloakPort}", issuerBase: "http://keycloak:8080" };
const server = KeycloakServer.fromUrl(stack, "Keycloak", at);
const realm = new Realm(stack, "Realm", { server, realmName: "authorization" });
const signingKey = new SigningKeyPair(stack, "Key", { name: "all", algorithm: "ES256" });
const { machines, apis, drawn } = JSON.parse(readFileSync("grants.json", "utf8"));
const clients = new Map(
  machines.map((clientId) => [clientId, new SignedJwtClient(stack, clientId, { realm, clientId, signingKey })]),
);
for (const audience of apis) {
  const scopes = Object.fromEntries(["read", "write", "admin"].map((name) => [audience + ":" + name, name]));
  const api = new ProtectedApi(stack, audience, { realm, audience, scopes });
  for (const { machine, scope, kind } of drawn.filter((one) => one.api === audience && one.kind !== "no")) {
    api.grant(clients.get(machine), scope, { optional: kind === "optional" });
  }
}
app.synth();
`;

/** Declares a matrix of grants on the Keycloak at a port, and holds tokens and guards against it. */
export function describeGrants(keycloakPort: number): void {
  describe(`grants drawn with seed ${seed}`, () => {
    let folder: string;
    let issuer: Issuer;
    let signingKey: ReturnType<typeof loadSigningKey>;
    const login = { KEYCLOAK_USER: "admin", KEYCLOAK_PASSWORD: ADMIN_PASSWORD };
    beforeAll(async () => {
      folder = makeProject(OWN, mainAt(keycloakPort));
      writeFileSync(join(folder, "grants.json"), JSON.stringify({ machines: MACHINES, apis: APIS, drawn }));
      const { exitCode, stderr } = await m2m(folder, ["up"], login);
      expect(exitCode, stderr).toBe(0);
      const connectTo = `keycloak:8080=127.0.0.1:${keycloakPort}`;
      issuer = openIssuer({ issuer: ISSUER, connectTo, allowInsecureHttp: true });
      signingKey = loadSigningKey(join(folder, "certs/all-signing.key"));
    });
    afterAll(async () => {
      await issuer?.close();
      await takeDown(folder, OWN);
    });

    const token = async (clientId: string, scope?: string) =>
      (await requestToken(issuer, { clientId, signingKey, scope })).accessToken;
    const facts = (accessToken: string) => {
      const { aud = [], scope = "" } = decodeJwt(accessToken) as { aud?: string | string[]; scope?: string };
      const named = scope.split(" ").filter((name) => name.includes(":"));
      return { audiences: [aud].flat().sort(), scopes: named.sort() };
    };
    const expected = (granted: readonly Drawn[]) => ({
      audiences: [...new Set(granted.map(({ api }) => api))].sort(),
      scopes: granted.map(({ scope }) => scope).sort(),
    });

    it("show no change after the deploy", async () => {
      expect((await m2m(folder, ["diff"], login)).exitCode).toBe(0);
    });

    it.each(MACHINES)("are what the tokens of %s carry, and no more", async (machine) => {
      expect(facts(await token(machine))).toEqual(expected(of(machine, "default")));
      const [wanted] = of(machine, "optional");
      if (wanted) {
        expect(facts(await token(machine, wanted.scope))).toEqual(expected([...of(machine, "default"), wanted]));
      }
      const [other] = of(machine, "no");
      await expect(token(machine, other!.scope)).rejects.toMatchObject({ code: "ERR_CLIENT_REFUSED" });
    });

    it("are what every API lets each machine do, for each of its scopes", async () => {
      for (const machine of MACHINES) {
        const all = of(machine, "optional").map(({ scope }) => scope);
        const tokens = [await token(machine), await token(machine, all.join(" ") || undefined)];
        for (const api of APIS) {
          const verify = createVerifier(issuer, { audience: api });
          for (const scope of SCOPES.map((name) => `${api}:${name}`)) {
            const guard = createGuard({ verify, scopes: [scope] });
            const answers = await Promise.all(tokens.map((text) => guard(`Bearer ${text}`)));
            const { kind } = drawn.find((one) => one.machine === machine && one.scope === scope)!;
            const passes = answers.map((answer) => "token" in answer);
            expect(passes, `${machine} ${scope}`).toEqual([kind === "default", kind !== "no"]);
            for (const answer of answers) {
              if (!("token" in answer)) expect([401, 403]).toContain(answer.refusal.status);
            }
          }
        }
      }
    });
  });
}
