import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { readState, writeRepresentation } from "../../../provider/engine/state";
import type { Representation, Resource } from "../../../provider/engine/table";
import { isEmpty, isUnknown, type ObjectValue, UNKNOWN, type Value } from "../../../provider/protocol/values";
import { resources } from "../../../provider/resources";
import { configurations } from "../../e2e/provider/configurations";
import { freeAttributes } from "../../e2e/provider/core";
import { minimalConfiguration } from "../official";
import { changesOf } from "./applied";

/** What a server that keeps what it is sent holds, and the state about it. */
interface Applied {
  readonly server: Representation;
  readonly state: ObjectValue;
}

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

function apply(resource: Resource, config: ObjectValue, before: Applied | null): Applied {
  const planned = planChange(resource, before?.state ?? null, config).planned!;
  const prior = before?.state ?? null;
  const server = writeRepresentation(resource, before ? copy(before.server) : { id: "uuid" }, planned, prior);
  const state = readState(resource, { ...server, serviceAccountUser: { id: "user" } }, { ...planned, id: "uuid" });
  return { server, state };
}

/** A state of an older provider, which lacks some attributes. */
const without = (state: ObjectValue, names: string[]): ObjectValue => ({
  ...state,
  ...Object.fromEntries(names.map((name) => [name, null])),
});

/** Those that are kept on the server as one object. */
const whole = resources.filter((resource) => freeAttributes(resource).length > 0);

describe.each(whole.map((resource) => [resource.name, resource] as const))(
  "any configuration of a %s",
  (name, resource) => {
    const given = minimalConfiguration(name);
    const drawn = configurations(resource, {}).map((free) => ({ ...given, ...free }));
    const mayLack = Object.keys(resource.attributes).filter((attribute) => (given[attribute] ?? null) === null);
    const lost = fc.subarray(mayLack);

    it("is followed by an empty plan each time", () => {
      const sequence = fc.array(drawn, { minLength: 1, maxLength: 4 });
      const property = fc.property(sequence, (configs) => {
        let done: Applied | null = null;
        for (const config of configs) {
          done = apply(resource, config, done);
          expect(changesOf(resource, done.state, config)).toEqual([]);
        }
      });
      fc.assert(property, { numRuns: 100 });
    });

    it("replaces nothing and takes nothing from the server, whatever an older state lacks", () => {
      const property = fc.property(drawn, lost, (config, names) => {
        const done = apply(resource, config, null);
        const older = without(done.state, names);
        const { planned, requiresReplace } = planChange(resource, older, config);
        expect(requiresReplace).toEqual([]);
        const written = writeRepresentation(resource, copy(done.server), planned!, older);
        expect(written).toMatchObject(done.server);
        const added = Object.entries(written).filter(([field]) => !(field in done.server));
        expect(added.filter(([, value]) => !isEmpty(value as Value))).toEqual([]);
        const read = readState(resource, { ...done.server, serviceAccountUser: { id: "user" } }, older);
        expect(planChange(resource, read, config).requiresReplace).toEqual([]);
      });
      fc.assert(property, { numRuns: 100 });
    });
  },
);

describe("a client's secret", () => {
  const client = resources.find(({ name }) => name === "keycloak_openid_client")!;
  const config = { ...minimalConfiguration(client.name), access_type: "CONFIDENTIAL" };
  const regenerate = (value: ObjectValue | null) => ({ ...config, client_secret_regenerate_when_changed: value });
  const states: (ObjectValue | null)[] = [null, {}, { rotation: null }];

  it.each(states.flatMap((before) => states.map((after) => [before, after])))(
    "stays if the map that regenerates it was %j and is %j",
    (before, after) => {
      const state = { ...apply(client, config, null).state, client_secret: "kept" };
      const prior = { ...state, client_secret_regenerate_when_changed: before };
      expect(planChange(client, prior, regenerate(after)).planned!.client_secret).toBe("kept");
    },
  );

  it("is another if the map has another value", () => {
    const prior = { ...apply(client, config, null).state, client_secret: "old" };
    expect(isUnknown(planChange(client, prior, regenerate({ rotation: "1" })).planned!.client_secret)).toBe(true);
    expect(isUnknown(planChange(client, prior, regenerate({ rotation: UNKNOWN })).planned!.client_secret)).toBe(true);
  });
});
