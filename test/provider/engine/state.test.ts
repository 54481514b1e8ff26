import { describe, expect, it } from "vitest";
import { planChange } from "../../../provider/engine/plan";
import { readState, writeRepresentation } from "../../../provider/engine/state";
import { openidClient } from "../../../provider/resources/openid-client";
import { applied, machine } from "./applied";

describe("a change on the server", () => {
  const { state, server } = applied(machine);
  const attributes = server.attributes as { [key: string]: string };
  const seen = (change: { [key: string]: string }) =>
    readState(openidClient, { ...server, attributes: { ...attributes, ...change } }, state).extra_config;

  it("is read in declared keys", () => {
    expect(seen({ "token.endpoint.auth.signing.alg": "ES256" })).toMatchObject({
      "token.endpoint.auth.signing.alg": "ES256",
    });
    expect(seen({ "token.endpoint.auth.signing.alg": "" })).not.toHaveProperty(["token.endpoint.auth.signing.alg"]);
  });

  it("is read in key sources even if they are not declared, and in no other key", () => {
    expect(seen({ "jwks.url": "https://elsewhere.test" })).toHaveProperty(["jwks.url"], "https://elsewhere.test");
    expect(seen({ "some.other": "x" })).not.toHaveProperty(["some.other"]);
  });

  it("is cleared when a key is taken out of the configuration", () => {
    const planned = planChange(openidClient, state, { ...machine, extra_config: null }).planned!;
    const sent = writeRepresentation(openidClient, {}, planned, state).attributes as { [key: string]: string };
    expect(sent["token.endpoint.auth.signing.alg"]).toBe("");
  });
});
