import { describe, expect, it } from "vitest";
import { handlerOf } from "../../../provider/engine/resource-handler";
import { schemaOf } from "../../../provider/engine/schema";
import { typeOfBlock } from "../../../provider/protocol/schema";
import { equivalent, type ObjectValue } from "../../../provider/protocol/values";
import { resources } from "../../../provider/resources";
import golden from "../../fixtures/provider/golden.state.json";
import official from "../../fixtures/provider/official-schema.json";

type Json = ReturnType<typeof JSON.parse>;
const managed = (golden as Json[]).filter(({ mode }) => mode === "managed");
const named = (name: string) => resources.find((one) => one.name === name)!;

/** A block as `terraform plan -generate-config-out` writes it of a state: what can be configured, secrets left out. */
function generated({ attributes = {}, block_types = {} }: Json, state: Json): ObjectValue {
  const own = Object.entries(attributes).map(([name, { required, optional, sensitive }]: [string, Json]) => {
    return [name, (required || optional) && !sensitive && name !== "id" ? (state[name] ?? null) : null];
  });
  const inner = Object.entries(block_types).map(([name, { block }]: [string, Json]) => {
    return [name, (state[name] ?? []).map((element: Json) => generated(block, element))];
  });
  return Object.fromEntries([...own, ...inner]);
}

describe("a configuration generated of a state", () => {
  it.each(managed.map(({ type, name, values }) => [type, name, values] as const))(
    "of %s.%s is accepted, and its plan is empty",
    (type, _, values) => {
      const resource = named(type);
      const config = generated((official.resource_schemas as Json)[type].block, values);
      const state = { ...Object.fromEntries(Object.keys(config).map((name) => [name, null])), ...values };
      const handler = handlerOf(resource, () => null);
      expect(handler.validate(config, { writeOnlyAllowed: true })).toEqual([]);
      const { planned, diagnostics, requiresReplace } = handler.plan({ prior: state, config });
      expect([...(diagnostics ?? []), ...requiresReplace]).toEqual([]);
      const types = typeOfBlock(schemaOf(resource).block)[1] as Json;
      const same = (name: string) => equivalent(state[name] ?? null, planned![name] ?? null, types[name]);
      // The generated secret of a client that signs is taken out of the state.
      expect(Object.keys(planned!).filter((name) => !same(name) && name !== "client_secret")).toEqual([]);
    },
  );
});

describe("a block that is only shown", () => {
  const realm = named("keycloak_realm");
  const { values } = managed.find(({ type }) => type === "keycloak_realm");
  const asked = (prior: ObjectValue | null, change: object) => {
    const nothing = { otp_policy: [], web_authn_policy: [], web_authn_passwordless_policy: [], smtp_server: [] };
    const config = { realm: values.realm, security_defenses: [], ...nothing, ...change };
    const { planned, diagnostics } = handlerOf(realm, () => null).plan({ prior, config: config as ObjectValue });
    return { planned: planned!, said: diagnostics!.map(({ summary, path }) => `${JSON.stringify(path)} ${summary}`) };
  };

  it("is refused in a new realm", () => {
    expect(asked(null, { otp_policy: [{}], smtp_server: [{ host: "h", from: "f" }] }).said).toEqual([
      '["smtp_server"] smtp_server is not supported by the embedded Keycloak provider',
      '["otp_policy"] otp_policy is not supported by the embedded Keycloak provider',
    ]);
    expect(asked(null, {}).said).toEqual([]);
  });

  it("is accepted as it is in Keycloak, also in part, and stays as it is", () => {
    const [policy] = values.otp_policy;
    const { planned, said } = asked(values, { otp_policy: [{ digits: policy.digits, type: null }] });
    expect(said).toEqual([]);
    expect(planned.otp_policy).toEqual(values.otp_policy);
  });

  it("is refused otherwise than it is in Keycloak", () => {
    expect(asked(values, { otp_policy: [{ digits: 99 }] }).said).toEqual([
      '["otp_policy"] otp_policy is not supported by the embedded Keycloak provider, except as it is in Keycloak',
    ]);
  });
});
