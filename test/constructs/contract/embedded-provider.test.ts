import { expect, it } from "vitest";
import { EMBEDDED_TYPES } from "../../../constructs/contract/embedded-provider";
import { dataSources } from "../../../provider/data-sources";
import { resources } from "../../../provider/resources";
import { KINDS } from "../../../tools/project/identity";

const names = (tables: readonly { name: string }[]) => tables.map(({ name }) => name).sort();

it("names what the embedded provider serves, and nothing else", () => {
  expect([...EMBEDDED_TYPES.resources].sort()).toEqual(names(resources));
  expect([...EMBEDDED_TYPES.dataSources].sort()).toEqual(names(dataSources));
});

it("is what `m2m` knows the identity of, so that a renamed construct keeps its object", () => {
  expect(Object.keys(KINDS)).toEqual(expect.arrayContaining([...EMBEDDED_TYPES.resources]));
});
