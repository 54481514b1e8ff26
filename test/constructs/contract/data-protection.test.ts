import { describe, expect, it } from "vitest";
import { protectedVolumes, withoutProtection } from "../../../constructs/contract/data-protection";
import { labels } from "../../../constructs/contract/docker-names";

const lifecycle = { prevent_destroy: true };
const ours = { name: "database-data", labels: labels("data"), lifecycle };
const theirs = { name: "theirs", lifecycle };
const stack = { resource: { docker_volume: { Ours: ours, Theirs: theirs }, docker_network: { N: { name: "n" } } } };

describe("the protection of data", () => {
  it("is that of this package's volumes", () => {
    expect(protectedVolumes(stack)).toEqual(["database-data"]);
    expect(protectedVolumes({})).toEqual([]);
  });

  it("is taken from them alone, and from nothing else", () => {
    const { lifecycle: _, ...freed } = ours;
    const { resource } = withoutProtection(stack);
    expect(resource).toEqual({ ...stack.resource, docker_volume: { Ours: freed, Theirs: theirs } });
    expect(protectedVolumes({ resource })).toEqual([]);
  });
});
