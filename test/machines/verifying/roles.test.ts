import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createGuard,
  createIntrospector,
  createVerifier,
  type Issuer,
  TokenError,
  verifyBoth,
} from "../../../machines";
import { readRoles } from "../../../machines/verifying/roles";
import { runs } from "../../provider/fuzz";
import { TestIssuer, testFolder } from "../issuer-fixture";

const folder = testFolder();
let server: TestIssuer;
let issuer: Issuer;
beforeAll(async () => {
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  server.clients.set("machine-b", await folder.rsaKey("machine-b.key"));
});
beforeEach(() => {
  server.reset();
  issuer = server.open();
});
afterAll(async () => {
  await server.stop();
  folder.remove();
});

const has = {
  resource_access: { "machine-b": { roles: ["reader", "writer"] }, account: { roles: ["admin"] } },
  realm_access: { roles: ["operator"] },
  team: { name: "blue", members: ["x"] },
};
/** Each way to verify a token, with rules. */
function ways(rules: { roles?: string[] }) {
  const all = { audience: "machine-b", clientId: "machine-b", signingKey: server.clients.get("machine-b")!, ...rules };
  const offline = createVerifier(issuer, all);
  const online = createIntrospector(issuer, all);
  return Object.entries({ offline, online, both: verifyBoth({ offline, online }) });
}

describe("roles of a token", () => {
  it("are those of the API's own client, and all claims are there, frozen", async () => {
    const token = await server.mint(has);
    for (const [, verify] of ways({ roles: ["writer", "reader"] })) {
      const verified = await verify(token);
      expect(verified).toMatchObject({ roles: ["reader", "writer"], claims: has });
      const { members } = verified.claims.team as { members: string[] };
      for (const one of [verified, verified.roles, verified.claims, members]) expect(Object.isFrozen(one)).toBe(true);
    }
  });

  it.each(["operator", "admin", "constructor", "toString"])("do not include %s", async (role) => {
    const token = await server.mint(has);
    for (const [, verify] of ways({ roles: ["reader", role] })) {
      await expect(verify(token)).rejects.toMatchObject({
        code: "ERR_TOKEN_ROLE",
        message: `the token lacks the role ${role}`,
        roles: ["reader", role],
      });
    }
  });

  it("are required by a guard too, which answers 403", async () => {
    const guard = createGuard({ verify: createVerifier(issuer, { audience: "machine-b" }), roles: ["owner"] });
    const authorization = `Bearer ${await server.mint(has)}`;
    expect(await guard(authorization)).toMatchObject({
      refusal: { status: 403, body: { error: "insufficient_scope", code: "ERR_TOKEN_ROLE" } },
    });
    const other = createGuard({ verify: createVerifier(issuer, { audience: "machine-b" }), roles: ["reader"] });
    expect(await other(authorization)).toMatchObject({ token: { caller: "machine-a" } });
  });

  it.each([{ roles: "reader" }, { roles: [1] }, { roles: [""] }, { roles: ["a\nb"] }, { roles: null }, { roles: {} }])(
    "fail at once if they are no list of names: %j",
    ({ roles }) => {
      const make = [
        () => createVerifier(issuer, { audience: "machine-b", roles: roles as unknown as string[] }),
        () => createGuard({ verify: async () => expect.fail(), roles: roles as unknown as string[] }),
      ];
      for (const one of make) expect(one).toThrow(expect.objectContaining({ code: "ERR_OPTION" }));
    },
  );

  it("are a list of text, or the token is refused, whatever the claim is and whatever the API is called", () => {
    const names = fc.constantFrom("machine-b", "__proto__", "constructor", "toString", "hasOwnProperty", "");
    const own = fc.oneof(fc.jsonValue(), fc.record({ roles: fc.oneof(fc.jsonValue(), fc.array(fc.string())) }));
    const claim = fc.oneof(fc.jsonValue(), fc.dictionary(names, own));
    fc.assert(
      fc.property(claim, names, (resource_access, client) => {
        let roles: readonly string[];
        try {
          roles = readRoles({ resource_access }, client);
        } catch (error) {
          expect(error).toBeInstanceOf(TokenError);
          return;
        }
        expect(roles.every((role) => typeof role === "string")).toBe(true);
      }),
      runs(500),
    );
  });
});
