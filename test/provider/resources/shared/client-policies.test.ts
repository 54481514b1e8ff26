import { createServer } from "node:http";
import { describe, expect, it } from "vitest";
import type { Keycloak } from "../../../../provider/admin-api/keycloak";
import { handlerOf } from "../../../../provider/engine/resource-handler";
import type { Resource } from "../../../../provider/engine/table";
import type { ObjectValue } from "../../../../provider/protocol/values";
import { realmClientPolicyProfile } from "../../../../provider/resources/realm-client-policy-profile";
import { realmClientPolicyProfilePolicy } from "../../../../provider/resources/realm-client-policy-profile-policy";
import { connect, listen } from "../../stand-in";

type Json = ReturnType<typeof JSON.parse>;

/** Keycloak's two documents, which are read and written whole. Each write takes a while. */
async function documents(there: { profiles: Json[]; policies: Json[] }) {
  const writes: string[] = [];
  const { port } = await listen(
    createServer((request, response) => {
      let body = "";
      request.on("data", (part) => {
        body += part;
      });
      request.on("end", () => {
        const answer = (value: object) => {
          response.writeHead(200, { "content-type": "application/json" });
          response.end(JSON.stringify(value));
        };
        if (request.url!.endsWith("/token")) return answer({ access_token: "t", expires_in: 60 });
        const document = request.url!.endsWith("/profiles") ? "profiles" : "policies";
        if (request.method === "GET") return answer({ [document]: there[document] });
        writes.push(document);
        setTimeout(() => {
          there[document] = JSON.parse(body)[document];
          response.writeHead(204).end();
        }, 20);
      });
    }),
  );
  return { keycloak: connect(`http://127.0.0.1:${port}`), there, writes };
}

const part = (name: string, configuration: ObjectValue | null = null) => ({ name, configuration });
const profile = (name: string, more: ObjectValue = {}): ObjectValue => ({
  ...{ id: null, realm_id: "r", name, description: null, executor: [] },
  ...more,
});
const policy = (name: string, more: ObjectValue = {}): ObjectValue => ({
  ...{ id: null, realm_id: "r", name, description: null, enabled: null, profiles: ["p"], condition: [] },
  ...more,
});

function of(resource: Resource, keycloak: Keycloak) {
  const handler = handlerOf(resource, (patience) => keycloak.session(patience));
  return {
    async apply(config: ObjectValue, prior: ObjectValue | null = null) {
      const { planned } = handler.plan({ prior, config });
      return handler.apply({ prior, planned, config });
    },
    destroy: (prior: ObjectValue) => handler.apply({ prior, planned: null, config: null }),
    read: async (state: ObjectValue, imported = false) => (await handler.read(state, imported)).state,
    import: handler.import,
  };
}

describe("changes of one realm's client policies at the same time", () => {
  it("do not undo each other, nor what somebody else has made", async () => {
    const { keycloak, there } = await documents({ profiles: [{ name: "theirs", executors: [] }], policies: [] });
    const [profiles, policies] = [of(realmClientPolicyProfile, keycloak), of(realmClientPolicyProfilePolicy, keycloak)];
    const names = ["a", "b", "c", "d", "e"];
    const made = await Promise.all([
      ...names.map((name) => profiles.apply(profile(name))),
      ...names.map((name) => policies.apply(policy(name))),
    ]);
    expect(made.flatMap(({ diagnostics = [] }) => diagnostics)).toEqual([]);
    expect(there.profiles.map(({ name }) => name).sort()).toEqual([...names, "theirs"]);
    expect(there.policies.map(({ name }) => name).sort()).toEqual(names);

    const [a, b, c] = made.map(({ state }) => state!);
    await Promise.all([
      profiles.destroy(a!),
      profiles.apply(profile("b", { description: "changed" }), b),
      profiles.destroy(c!),
    ]);
    expect(there.profiles.map(({ name }) => name).sort()).toEqual(["b", "d", "e", "theirs"]);
    expect(there.profiles.find(({ name }) => name === "b")).toMatchObject({ description: "changed" });
    expect(there.profiles.find(({ name }) => name === "theirs")).toEqual({ name: "theirs", executors: [] });
  });

  it("keep the order, by which Keycloak applies them", async () => {
    const { keycloak, there } = await documents({ profiles: [], policies: [{ name: "x" }, { name: "y" }] });
    const policies = of(realmClientPolicyProfilePolicy, keycloak);
    const state = await policies.read({
      ...policy("x"),
      ...policies.import("r/realm-client-policy-profile-policies/x"),
    });
    await policies.apply(policy("x", { description: "changed" }), state);
    expect(there.policies.map(({ name }) => name)).toEqual(["x", "y"]);
  });
});

describe("an entry", () => {
  it("is not made over another of its name", async () => {
    const theirs = { name: "p", executors: [{ executor: "secure-session", configuration: {} }] };
    const { keycloak, there, writes } = await documents({ profiles: [theirs], policies: [] });
    const { state, diagnostics } = await of(realmClientPolicyProfile, keycloak).apply(profile("p"));
    expect(state).toBeNull();
    expect(diagnostics).toMatchObject([
      {
        summary: 'name must not be that of another client profile in realm "r", got: p',
        detail: expect.stringContaining("keycloak_realm_client_policy_profile.NAME r/realm-client-policy-profiles/p"),
      },
    ]);
    expect([there.profiles, writes]).toEqual([[theirs], []]);
  });

  it("that is gone is destroyed without a write", async () => {
    const { keycloak, writes } = await documents({ profiles: [], policies: [] });
    const { state, diagnostics = [] } = await of(realmClientPolicyProfile, keycloak).destroy(profile("p"));
    expect([state, diagnostics, writes]).toEqual([null, [], []]);
  });

  it.each(["p", "a/b", "r/realm-client-policy-profiles/q"])("is imported by realm and name %s", async (name) => {
    const { keycloak } = await documents({ profiles: [{ name, executors: [] }], policies: [] });
    const profiles = of(realmClientPolicyProfile, keycloak);
    const imported = profiles.import(`r/realm-client-policy-profiles/${name}`);
    expect(imported).toEqual({ id: `r/realm-client-policy-profiles/${name}`, realm_id: "r", name });
    expect(await profiles.read(imported, true)).toMatchObject({ name, executor: [] });
  });

  it("is not imported by another form of id", () => {
    expect(realmClientPolicyProfile.importId.parse("r/p")).toBeNull();
    expect(realmClientPolicyProfile.importId.parse("r/realm-client-policy-profiles/")).toBeNull();
  });

  it("has lists and objects in its settings, which the state keeps as they were written", async () => {
    const { keycloak, there } = await documents({ profiles: [], policies: [] });
    const profiles = of(realmClientPolicyProfile, keycloak);
    const executor = [part("one", { list: '[ "a" ]', text: "true", none: null }), part("two")];
    const { state } = await profiles.apply(profile("p", { executor }));
    expect(there.profiles[0].executors).toEqual([
      { executor: "one", configuration: { list: ["a"], text: "true" } },
      { executor: "two", configuration: {} },
    ]);
    expect(state!.executor).toEqual([part("one", { list: '[ "a" ]', text: "true" }), part("two")]);
  });

  it("hands the attributes of a client on as the text that Keycloak wants", async () => {
    const { keycloak, there } = await documents({ profiles: [], policies: [] });
    const attributes = '[{"key":"a","value":"b"}]';
    const condition = [part("client-attributes", { attributes })];
    await of(realmClientPolicyProfilePolicy, keycloak).apply(policy("p", { condition }));
    expect(there.policies[0].conditions).toEqual([{ condition: "client-attributes", configuration: { attributes } }]);
    expect(there.policies[0]).toMatchObject({ enabled: true, profiles: ["p"] });
  });

  it("shows what somebody has changed, added and taken away", async () => {
    const { keycloak, there } = await documents({ profiles: [], policies: [] });
    const profiles = of(realmClientPolicyProfile, keycloak);
    const { state } = await profiles.apply(profile("p", { executor: [part("one", { list: '["a"]' })] }));
    const configuration = { list: ["a", "b"], flag: true, none: null };
    there.profiles[0].executors = [{ executor: "one", configuration }, { executor: "two" }];
    const fresh = of(realmClientPolicyProfile, keycloak);
    keycloak.session(0).forgetAll();
    expect((await fresh.read(state!))!.executor).toEqual([
      part("one", { list: '["a","b"]', flag: "true" }),
      part("two"),
    ]);
    there.profiles[0].executors = [];
    keycloak.session(0).forgetAll();
    expect((await fresh.read(state!))!.executor).toEqual([]);
  });

  it("refuses settings that begin as JSON does and are none", () => {
    const handler = handlerOf(realmClientPolicyProfile, () => null);
    const executor = [part("one"), part("two", { list: "[a]", object: '{"a":1}' })];
    expect(handler.validate(profile("p", { executor }), { writeOnlyAllowed: true })).toMatchObject([
      { summary: 'configuration key "list" of two must be JSON if it begins with "{" or "["' },
    ]);
  });
});
