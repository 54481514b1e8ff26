// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is Terraform that reads them
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findMoves, withMoves } from "../../../tools/deploy/moves";
import { identityOf, inWords, KINDS } from "../../../tools/project/identity";
import type { State } from "../../../tools/project/state";
import { inState, keycloakProvider, stackOf, stateOf, temporaryFolder } from "../parts";

type Config = Record<string, unknown>;

/** One object: how the code declares it under a construct's name, and what the state has of it. */
interface Thing {
  readonly type: string;
  readonly name: string;
  readonly config: (prefix: string) => Config;
  readonly attributes: Config;
}

/** What a `SignedJwtClient` with a grant emits, and a server; references are to other things of the same construct. */
function things(realm: string, clientId: string): Thing[] {
  const id = `uuid-${realm}-${clientId}`;
  const scope = `audience-${clientId}`;
  const of = (prefix: string, type: string, name: string, attribute: string) =>
    `\${${type}.${prefix}${name}.${attribute}}`;
  const client = (prefix: string) => of(prefix, "keycloak_openid_client", "Client", "id");
  return [
    {
      type: "keycloak_openid_client",
      name: "Client",
      config: () => ({ realm_id: realm, client_id: clientId }),
      attributes: { realm_id: realm, client_id: clientId, id, service_account_user_id: `user-${id}` },
    },
    {
      type: "keycloak_openid_client_default_scopes",
      name: "Scopes",
      config: (prefix) => ({ realm_id: realm, client_id: client(prefix), default_scopes: [] }),
      attributes: { realm_id: realm, client_id: id },
    },
    {
      type: "keycloak_openid_client_scope",
      name: "Scope",
      config: () => ({ realm_id: realm, name: scope }),
      attributes: { realm_id: realm, name: scope, id: `scope-${id}` },
    },
    {
      type: "keycloak_openid_audience_protocol_mapper",
      name: "Mapper",
      config: (prefix) => ({
        realm_id: realm,
        client_scope_id: of(prefix, "keycloak_openid_client_scope", "Scope", "id"),
        name: scope,
      }),
      attributes: { realm_id: realm, client_id: null, client_scope_id: `scope-${id}`, name: scope },
    },
    {
      type: "keycloak_role",
      name: "Role",
      config: (prefix) => ({ realm_id: realm, client_id: client(prefix), name: "reader" }),
      attributes: { realm_id: realm, client_id: id, name: "reader", id: `role-${id}` },
    },
    {
      type: "keycloak_openid_client_service_account_role",
      name: "Right",
      config: (prefix) => ({
        realm_id: realm,
        service_account_user_id: of(prefix, "keycloak_openid_client", "Client", "service_account_user_id"),
        client_id: client(prefix),
        role: of(prefix, "keycloak_role", "Role", "name"),
      }),
      attributes: { realm_id: realm, service_account_user_id: `user-${id}`, client_id: id, role: "reader" },
    },
    {
      type: "docker_volume",
      name: "Volume",
      config: () => ({ name: `${realm}-${clientId}-data` }),
      attributes: { name: `${realm}-${clientId}-data` },
    },
  ];
}

/** A construct as it is deployed, and as the code has it now. */
interface Construct {
  readonly realm: string;
  readonly clientId: string;
  readonly before: string;
  readonly now: string;
}

function stateFor(constructs: readonly Construct[]): State {
  return stateOf(
    ...constructs.flatMap(({ realm, clientId, before }) =>
      things(realm, clientId).map(({ type, name, attributes }) => inState(type, `${before}${name}`, attributes)),
    ),
  );
}

function declare(constructs: readonly Construct[]) {
  const resource: Record<string, Record<string, Config>> = {};
  for (const { realm, clientId, now } of constructs) {
    for (const { type, name, config } of things(realm, clientId)) {
      resource[type] = { ...resource[type], [`${now}${name}`]: config(now) };
    }
  }
  return stackOf(resource);
}

const byFrom = (one: { from: string }, two: { from: string }) => (one.from < two.from ? -1 : 1);

describe("objects of the same identity under another address", () => {
  const NAMES = ["A", "B", "C", "D"] as const;
  const drawn = fc
    .uniqueArray(fc.record({ realm: fc.constantFrom("r", "s"), clientId: fc.constantFrom("x", "y", "z") }), {
      selector: ({ realm, clientId }) => `${realm}/${clientId}`,
      minLength: 1,
      maxLength: NAMES.length,
    })
    .chain((clients) =>
      fc
        .record({
          before: fc.shuffledSubarray([...NAMES], { minLength: clients.length, maxLength: clients.length }),
          now: fc.shuffledSubarray([...NAMES, "E", "F"], { minLength: clients.length, maxLength: clients.length }),
        })
        .map(({ before, now }) =>
          clients.map((client, index) => ({ ...client, before: before[index]!, now: now[index]! })),
        ),
    );

  it("move with all that belongs to them, unless their new address is taken or the old one is still declared", () => {
    fc.assert(
      fc.property(drawn, (constructs) => {
        const before: string[] = constructs.map((one) => one.before);
        const now: string[] = constructs.map((one) => one.now);
        const moving = constructs.filter((one) => !now.includes(one.before) && !before.includes(one.now));
        const expected = moving.flatMap((one) =>
          things(one.realm, one.clientId).map(({ type, name }) => ({
            from: `${type}.${one.before}${name}`,
            to: `${type}.${one.now}${name}`,
          })),
        );
        const found = findMoves(declare(constructs), stateFor(constructs)).map(({ from, to }) => ({ from, to }));
        expect(found.sort(byFrom)).toEqual(expected.sort(byFrom));
      }),
    );
  });

  const ONE: Construct = { realm: "r", clientId: "x", before: "Batch", now: "Nightly" };
  const fromAddresses = (moves: { from: string }[]) => moves.map(({ from }) => from).sort();

  it.each([
    ["another client id", { clientId: "y" }],
    ["another realm", { realm: "s" }],
  ])("do not move if they get %s, nor does what belongs to them", (_, change) => {
    expect(findMoves(declare([{ ...ONE, ...change }]), stateFor([ONE]))).toEqual([]);
  });

  it("do not move if two could be meant", () => {
    const twice = stateFor([ONE, { ...ONE, before: "Other" }]);
    expect(findMoves(declare([ONE]), twice)).toEqual([]);
  });

  it("do not move between two servers, but with a server whose construct was renamed", () => {
    const client = { realm_id: "r", client_id: "x" };
    const state = stateOf(inState("keycloak_openid_client", "Old", client, 'provider["p"].One'));
    const stack = (alias: string, ...providers: ReturnType<typeof keycloakProvider>[]) =>
      stackOf(
        { keycloak_openid_client: { New: { ...client, provider: `keycloak.${alias}` } } },
        "/",
        "m2m",
        undefined,
        providers,
      );
    const [one, two] = [keycloakProvider("One", "http://one"), keycloakProvider("Two", "http://two")];
    expect(findMoves(stack("Two", one, two), state)).toEqual([]);
    expect(findMoves(stack("One", one, two), state)).toHaveLength(1);
    expect(findMoves(stack("Two", two), state)).toHaveLength(1);
  });

  it("are found through data sources that were renamed with them", () => {
    const right = { realm_id: "r", service_account_user_id: "u", role: "admin" };
    const state = {
      outputs: {},
      resources: [
        inState("keycloak_openid_client_service_account_role", "OldRight", { ...right, client_id: "c" }),
        {
          ...inState("keycloak_openid_client", "OldData", { realm_id: "r", client_id: "realm-management", id: "c" }),
          mode: "data",
        },
      ],
    };
    const resource = {
      keycloak_openid_client_service_account_role: {
        NewRight: { ...right, client_id: "${data.keycloak_openid_client.NewData.id}" },
      },
    };
    const stack = stackOf(resource);
    const data = {
      keycloak_openid_client: { NewData: { realm_id: "r", client_id: "realm-management", provider: "keycloak.K" } },
    };
    const moves = findMoves({ ...stack, json: { ...stack.json, data } }, state);
    expect(fromAddresses(moves)).toEqual(["keycloak_openid_client_service_account_role.OldRight"]);
  });

  it("are compared as texts, whatever Terraform would find in them", () => {
    const state = stateOf(inState("keycloak_openid_client", "Old", { realm_id: "r", client_id: "${x}" }));
    const as = (client_id: string) =>
      findMoves(stackOf({ keycloak_openid_client: { New: { realm_id: "r", client_id } } }), state);
    expect(as("$${x}")).toHaveLength(1);
    expect(as("${x}")).toEqual([]);
  });

  it("are told in words", () => {
    expect(findMoves(declare([ONE]), stateFor([ONE]))[0]).toEqual({
      from: "keycloak_openid_client.BatchClient",
      to: "keycloak_openid_client.NightlyClient",
      what: "client x of realm r",
    });
  });
});

describe("the table of types", () => {
  it("names for each the attributes of its identity", () => {
    for (const type of Object.keys(KINDS)) expect(identityOf(type), type).not.toEqual([]);
    expect(identityOf("keycloak_saml_client")).toEqual([]);
    expect(inWords("keycloak_saml_client", { name: "s", realm_id: "r" })).toBe("saml client s of realm r");
    expect(inWords("keycloak_realm", { realm: "r" })).toBe("realm r");
  });
});

describe("while Terraform works", () => {
  const folder = temporaryFolder();
  const moves = [{ from: "a.b", to: "a.c", what: "" }];

  it("the moves are in a file of the stack's folder, which is gone afterwards, also after a failure", async () => {
    const file = join(folder.path, "m2m-moved.tf.json");
    const text = await withMoves(stackOf({}, folder.path), moves, async () => readFileSync(file, "utf8"));
    expect(JSON.parse(text)).toEqual({ moved: [{ from: "a.b", to: "a.c" }] });
    const failing = withMoves(stackOf({}, folder.path), moves, () => Promise.reject(new Error("no")));
    await expect(failing).rejects.toThrow("no");
    expect(existsSync(file)).toBe(false);
  });
});
