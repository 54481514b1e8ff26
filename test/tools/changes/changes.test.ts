import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Change } from "../../../tools/changes/change";
import { changesIn } from "../../../tools/changes/changes";
import { plainText, printedLines } from "../../../tools/changes/print";
import type { ResourceChange, SavedPlan } from "../../../tools/engines/saved-plan";
import { NAMES, planOf } from "./recorded";

const NO_MARKS = { terraform: {} };

/** The list as `m2m diff` prints it, with key ids and dates as they are in every recording. */
function printed(plan: SavedPlan): string[] {
  const text = plainText(printedLines([{ stack: "m2m", ...changesIn(plan, NO_MARKS) }]));
  return text
    .replaceAll(/key [\w-]{8}\b/g, "key KEYID")
    .replaceAll(/\d{4}-\d\d-\d\d/g, "DATE")
    .split("\n");
}

const GOLDEN: Readonly<Record<string, readonly string[]>> = {
  nothing: ["No changes."],
  "a client with a grant": [
    "+ client night  ES256, key KEYID until DATE, tokens bound by DPoP, tokens valid for 60 s, may call orders (orders:write (optional)), machine-b",
  ],
  "a client goes": [
    "! client batch  destroyed: its machine can no longer sign in",
    "- scope orders:read",
    "- scope orders:write",
  ],
  "a client gets another id": [
    "! client nightly  called batch before, its machine cannot sign in until it uses the new client id",
  ],
  "a grant of a call": ["+ grant machine-b → machine-a"],
  "a grant of a call goes": ["- grant machine-a → machine-b"],
  "a grant of a scope": ["+ grant batch → orders: orders:write"],
  "a grant of a scope goes": ["- grant batch → orders: orders:read"],
  "a scope only where asked for": ["~ grant batch → orders: orders:read only where asked for"],
  "a grant of a role": ["+ grant batch → machine-b: role auditor"],
  "a grant of a role goes": ["- grant batch → machine-b: role clerk"],
  "a scope of an API": ["+ scope orders:cancel  of orders"],
  "a scope of an API goes": ["- scope orders:write"],
  "a scope that is no grant": ["~ client batch  default scope email removed, default scope profile removed"],
  "a claim changes": ['~ client batch  claim tenant: "north" → "south"'],
  "a claim more": ["~ client batch  claim zone added"],
  "tokens of a client": [
    "~ client batch  tokens bound by DPoP (were bound to nothing), tokens valid for 120 s (was not set)",
  ],
  "the realm": [
    "~ realm sjwt-example  access tokens valid for 2m0s (was 5m0s), tokens signed with RS256 (was not set), settings of events: sign-ins kept for 3600 s (was 86400)",
    "~ container m2m-plans-machine-b  made anew (env)",
  ],
  "the realm goes": [
    "! realm sjwt-example  made anew (realm): all in it is lost, called other then",
    "! realm key 2026  made anew (realm_id): tokens that it has signed are refused",
    "! realm key 2027  made anew (realm_id): tokens that it has signed are refused",
    "! client batch  made anew (realm_id): its machine cannot sign in meanwhile, RS256, key KEYID until DATE, claims tenant, may call machine-b (role clerk), orders (orders:read)",
    "! client machine-a  made anew (realm_id): its machine cannot sign in meanwhile, RS256, key KEYID until DATE, may call machine-b",
    "! client machine-b  made anew (realm_id): its machine cannot sign in meanwhile, RS256, key KEYID until DATE",
    "~ scope orders:read  made anew (realm_id)",
    "~ scope orders:write  made anew (realm_id)",
    "~ client policy machine-clients  made anew (realm_id)",
    "~ client policy machine-clients-unfit  made anew (realm_id)",
    "~ container m2m-plans-machine-b  made anew (env)",
    "~ output issuer, jwks_uri, token_endpoint",
  ],
  "a realm key signs": ["~ realm key 2026  retiring: it signs no longer", "~ realm key 2027  active"],
  "a realm key goes": ["! realm key 2027  destroyed: tokens that it has signed are refused"],
  "a policy": [
    '~ client policy machine-clients-unfit  condition changes, description: "machines sign in by private_key_jwt: RS256, ES256" → "machines sign in by private_key_jwt: RS256", client profile machine-clients-unfit: description changes',
  ],
  "a construct is renamed": [
    "~ client policy machine-clients  moves in the state, from keycloak_realm_client_policy_profile_policy.Policy_23B91518",
    "~ client policy machine-clients-unfit  moves in the state, from keycloak_realm_client_policy_profile_policy.Policy_Unfit_987316F6",
  ],
  "the API's container": ["~ container m2m-plans-machine-b  made anew (env)"],
  "the server's container": ["~ container m2m-plans-keycloak  made anew (command)"],
  "an output": ["- output issuer"],
  "a key is prepared": ["~ client batch  key KEYID prepared"],
  "a key signs": ["~ client batch  key KEYID active, key KEYID retiring"],
  "a key is retired": ["~ client batch  key KEYID retired"],
  "changed by hand": [
    "changed by hand, and set back by `m2m up`:",
    '~ client machine-a  description names its keys no longer, but is "by hand", users sign in by the standard flow: true (was false)',
    "- grant batch → orders: orders:read",
  ],
  "changed by hand, and declared otherwise": [
    "~ client batch  tokens valid for 120 s (was not set)",
    "changed by hand, and set back by `m2m up`:",
    '~ client machine-a  description names its keys no longer, but is "by hand", users sign in by the standard flow: true (was false)',
    "- grant batch → orders: orders:read",
  ],
  "deleted by hand": [
    "changed by hand, and set back by `m2m up`:",
    "! client batch  was deleted: it is made again, empty of what nobody declares, its machine cannot sign in until then",
    '~ client machine-a  description names its keys no longer, but is "by hand", users sign in by the standard flow: true (was false)',
  ],
};

describe("a plan of a real change is told in words:", () => {
  it.each(NAMES)("%s", (name) => {
    expect(printed(planOf(name))).toEqual(GOLDEN[name]);
  });

  it("with whichever provider, whose address is not read", () => {
    const text = JSON.stringify(NAMES.map(planOf));
    const official = text.replaceAll(
      /"provider_name":"[^"]*keycloak[^"]*"/g,
      '"provider_name":"registry.terraform.io/keycloak/keycloak"',
    );
    expect(official).not.toBe(text);
    expect(JSON.parse(official).map(printed)).toEqual(NAMES.map(planOf).map(printed));
  });
});

/** Every address that Terraform does something about. */
function changedBy({ resource_changes = [] }: SavedPlan): string[] {
  const isChanged = ({ mode, change, previous_address }: ResourceChange) =>
    mode === "managed" && (previous_address !== undefined || change.actions.some((one) => one !== "no-op"));
  return resource_changes.filter(isChanged).map(({ address }) => address);
}

function toldIn(plan: SavedPlan): { told: Set<string>; all: Change[]; text: string } {
  const { changes, byHand } = changesIn(plan, NO_MARKS);
  const all = [...changes, ...byHand];
  const told = new Set(all.flatMap(({ addresses }) => addresses));
  return { told, all, text: plainText(printedLines([{ stack: "m2m", changes, byHand }])) };
}

describe("nothing of a plan is swallowed", () => {
  it.each(NAMES)("%s", (name) => {
    const plan = planOf(name);
    expect(changedBy(plan).filter((address) => !toldIn(plan).told.has(address))).toEqual([]);
  });

  const base = planOf("nothing").resource_changes ?? [];
  const one = fc.constantFrom(...base.map(({ address }) => address));
  const how = fc.constantFrom("create", "update", "delete", "replace", "unknown", "forget", "move", "drift", "secret");
  const CANARY = "canary-of-a-secret-value";

  /** A plan in which this is done with some resources. */
  function mutated(choices: readonly (readonly [string, string])[]): SavedPlan {
    const wanted = new Map(choices);
    const drift: ResourceChange[] = [];
    const resource_changes = base.map((resource): ResourceChange => {
      const { address, change } = resource;
      const values = change.before ?? {};
      const done = (more: Partial<ResourceChange["change"]>) => ({ ...resource, change: { ...change, ...more } });
      switch (wanted.get(address)) {
        case "create":
          return done({
            actions: ["create"],
            before: null,
            after: { ...values, id: undefined },
            after_unknown: { id: true },
          });
        case "update":
          return done({ actions: ["update"], after: { ...values, unheard_of: "x" } });
        case "delete":
          return done({ actions: ["delete"], after: null });
        case "replace":
          return done({
            actions: ["delete", "create"],
            after: { ...values, id: undefined },
            after_unknown: { id: true },
            replace_paths: [["unheard_of"]],
          });
        case "unknown": {
          const marks = Object.fromEntries(Object.keys(values).map((name) => [name, true]));
          return done({ actions: ["update"], after: {}, after_unknown: marks });
        }
        case "forget":
          return done({ actions: ["forget"], after: null });
        case "move":
          return { ...resource, previous_address: `${address}_before` };
        case "drift":
          drift.push(done({ actions: ["update"], after: { ...values, unheard_of: "by hand" } }));
          return done({ actions: ["update"], before: { ...values, unheard_of: "by hand" }, after: values });
        case "secret": {
          const marks = { before_sensitive: { unheard_of: true }, after_sensitive: { unheard_of: true } };
          return done({ actions: ["update"], after: { ...values, unheard_of: CANARY }, ...marks });
        }
        default:
          return resource;
      }
    });
    return { ...planOf("nothing"), resource_changes, resource_drift: drift };
  }

  it("whatever is done with whichever resources, known or not", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(one, how), { minLength: 1, maxLength: 12 }), (choices) => {
        const plan = mutated(choices);
        const { told, text } = toldIn(plan);
        expect(changedBy(plan).filter((address) => !told.has(address))).toEqual([]);
        expect(text).not.toContain(CANARY);
      }),
      { numRuns: 300 },
    );
  });

  it.each(base.map(({ address }) => address))("an attribute that is new to it: %s", (address) => {
    for (const choice of ["update", "replace", "drift", "secret"]) {
      expect(toldIn(mutated([[address, choice]])).text, choice).toContain("unheard_of");
    }
  });

  it("all that the official provider's state holds, as it comes and as it goes", () => {
    const file = join(__dirname, "..", "..", "fixtures", "provider", "golden.state.json");
    type Entry = { mode: string; type: string; name: string; values: Record<string, unknown> };
    const entries = (JSON.parse(readFileSync(file, "utf8")) as Entry[]).filter(({ mode }) => mode === "managed");
    const plan = (isGone: boolean): SavedPlan => ({
      resource_changes: entries.map(({ mode, type, name, values }) => ({
        address: `${type}.${name}`,
        mode,
        type,
        name,
        change: isGone
          ? { actions: ["delete"], before: values, after: null }
          : { actions: ["create"], before: null, after: values },
      })),
    });
    for (const isGone of [false, true]) {
      const { told } = toldIn(plan(isGone));
      expect(changedBy(plan(isGone)).filter((address) => !told.has(address))).toEqual([]);
    }
  });
});
