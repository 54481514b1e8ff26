import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { handlerOf } from "../../../provider/engine/resource-handler";
import type { Resource } from "../../../provider/engine/table";
import type { ObjectValue } from "../../../provider/protocol/values";
import { openidHardcodedClaimMapper } from "../../../provider/resources/openid-hardcoded-claim-mapper";
import { realm } from "../../../provider/resources/realm";
import { role } from "../../../provider/resources/role";
import { type Answer, connect, serving } from "../stand-in";

interface Request {
  method: string;
  path: string;
  token: string;
  body: { [field: string]: string };
}

/** What Terraform does at once with several objects of a resource, on a stand-in for Keycloak. */
async function applyAll(resource: Resource, configs: ObjectValue[], answer: (request: Request) => Promise<Answer>) {
  const { url } = await serving(async (request, response) => {
    const text = (await request.toArray()).join("");
    const isJson = request.headers["content-type"]?.includes("json");
    const { status, body } = await answer({
      method: request.method!,
      path: request.url!,
      token: String(request.headers.authorization).replace("Bearer ", ""),
      body: isJson && text ? JSON.parse(text) : {},
    });
    response.writeHead(status, { "content-type": "application/json", ...(status === 201 && { location: "/x/made" }) });
    response.end(JSON.stringify(body ?? {}));
  });
  const keycloak = connect(url);
  const handler = handlerOf(resource, (patience) => keycloak.session(patience));
  const results = await Promise.all(
    configs.map((config) => {
      const { planned } = handler.plan({ prior: null, config });
      return handler.apply({ prior: null, planned, config });
    }),
  );
  return results.flatMap(({ diagnostics = [] }) => diagnostics).filter(({ severity }) => severity === "error");
}

const isLogin = ({ path }: Request) => path.endsWith("/token");

describe("many operations at once", () => {
  it("find what their creates without an answer have made, even if all look for it at the same time", async () => {
    const made = new Map<string, object>();
    const configs = Array.from({ length: 40 }, (_, index) => ({
      realm_id: "r",
      client_id: "c",
      name: `m${index}`,
      claim_name: "a",
      claim_value: "b",
    }));
    const errors = await applyAll(openidHardcodedClaimMapper, configs, async (request) => {
      if (isLogin(request)) return { status: 200, body: { access_token: "t", expires_in: 60 } };
      await sleep(20);
      if (request.method === "GET") return { status: 200, body: { id: "c", protocolMappers: [...made.values()] } };
      if (made.has(request.body.id!)) return { status: 409 };
      made.set(request.body.id!, request.body);
      return { status: 504 };
    });
    expect(errors).toEqual([]);
  });

  it("read each new realm with a token that has rights on it", async () => {
    const realms = new Map<string, object>();
    const rights = new Map<string, string[]>();
    const errors = await applyAll(realm, [{ realm: "a" }, { realm: "b" }], async (request) => {
      if (isLogin(request)) {
        const token = `t${rights.size}`;
        rights.set(token, [...realms.keys()]);
        await sleep(60);
        return { status: 200, body: { access_token: token, expires_in: 60 } };
      }
      if (request.method === "POST") {
        await sleep(request.body.realm === "a" ? 100 : 130); // b is made while the login that a's making caused is under way
        realms.set(request.body.realm!, request.body);
        return { status: 201 };
      }
      const name = /realms\/(\w+)/.exec(request.path)![1]!;
      if (!realms.has(name)) return { status: 404 };
      return rights.get(request.token)!.includes(name) ? { status: 200, body: realms.get(name) } : { status: 403 };
    });
    expect(errors).toEqual([]);
  });
});

describe("an object that existed before", () => {
  const foreign = {
    id: "theirs",
    name: "prod",
    realm: "prod",
    description: "theirs",
    composite: false,
    attributes: {},
  };

  it.each([
    ["a realm", realm, { realm: "prod" }, "a realm of this name exists already"],
    ["a role", role, { realm_id: "r", name: "prod" }, "HTTP 409"],
  ])(
    "is not taken for the new one when the create of %s was first answered with 503",
    async (_, resource, config, message) => {
      let posts = 0;
      const writes: string[] = [];
      const errors = await applyAll(resource, [config], async (request) => {
        if (isLogin(request)) return { status: 200, body: { access_token: "t", expires_in: 60 } };
        if (request.method === "GET") return { status: 200, body: foreign };
        if (request.method !== "POST") writes.push(request.method);
        posts += 1;
        return { status: posts === 1 ? 503 : 409 };
      });
      expect(errors[0]!.summary).toContain(message);
      expect(errors[0]!.detail).toContain("terraform import");
      expect(writes).toEqual([]);
    },
  );

  it("is an error when a login with few rights gets only a realm's name", async () => {
    const errors = await applyAll(realm, [{ realm: "new" }], async (request) => {
      if (isLogin(request)) return { status: 200, body: { access_token: "t", expires_in: 60 } };
      return request.method === "GET" ? { status: 200, body: { realm: "new" } } : { status: 201 };
    });
    expect(errors[0]!.detail).toMatch(/manage-realm|terraform import/);
  });
});
