import { describe, expect, it } from "vitest";
import { isLocalImage, kidsInLabels, labels, localImage } from "../../../constructs/contract/docker-names";

describe("labels", () => {
  it("say what a thing is, and which key a container was given", () => {
    expect(labels("network")).toEqual([{ label: "cdktf-keycloak-m2m", value: "network" }]);
    expect(labels("machine", "k1")).toContainEqual({ label: "cdktf-keycloak-m2m.kid", value: "k1" });
  });

  it("are read back from JSON or a state", () => {
    const foreign = { label: "kid", value: "k2" };
    expect(kidsInLabels({ labels: [...labels("machine", "k1"), foreign] })).toEqual(["k1"]);
    expect(kidsInLabels({ labels: labels("machine") })).toEqual([]);
    expect(kidsInLabels({})).toEqual([]);
  });
});

it("a local image is known by its repository, whatever its tag", () => {
  expect(localImage("node", "22")).toBe("cdktf-keycloak-m2m/node:22");
  expect(isLocalImage("node", localImage("node", "20"))).toBe(true);
  expect(isLocalImage("node", "node:26-bookworm-slim")).toBe(false);
  expect(isLocalImage("keycloak", localImage("keycloak-optimised", "1"))).toBe(false);
});
