import { describe, expect, it } from "vitest";
import { type ISigningKey, SignedJwtClient, SigningKeyPair } from "../../../constructs";
import {
  acceptedKids,
  CLIENT,
  certificateIn,
  certifiedKey,
  declaredAlgorithm,
  isKeyDescription,
  keyAttributes,
  keyDescription,
  tellsOfKeys,
  toldKeys,
} from "../../../constructs/contract/client-keys";
import { FIXED, fixedKey, inTemporaryProject, newRealm, newStack, only, synth } from "../project";

inTemporaryProject();

/** A client of the synthesized JSON, with this key. */
function clientWith(make: (stack: ReturnType<typeof newStack>) => ISigningKey) {
  const stack = newStack();
  const signingKey = make(stack);
  new SignedJwtClient(stack, "A", { realm: newRealm(stack), clientId: "a", signingKey });
  return { signingKey, client: only(synth(stack), CLIENT) };
}

describe("a client's keys, as constructs leave them and m2m reads them", () => {
  it("are one RSA key by its certificate", () => {
    const { client, signingKey } = clientWith((stack) => fixedKey(stack, "machine-a"));
    const { kid } = FIXED["machine-a"];
    expect(certificateIn(client)).toBe(signingKey.certificateBase64);
    expect(certifiedKey(client)).toEqual({ name: "machine-a", kid });
    expect(acceptedKids(client)).toEqual([kid]);
    expect(declaredAlgorithm(client)).toEqual({ pinned: "RS256", ofKey: {} });
  });

  it("are a key of another kind by a JWKS", () => {
    const { client, signingKey } = clientWith(
      (stack) => new SigningKeyPair(stack, "K", { name: "k", algorithm: "ES256" }),
    );
    expect(certifiedKey(client)).toEqual({ name: "k", kid: signingKey.kid });
    expect(acceptedKids(client)).toEqual([signingKey.kid]);
    expect(declaredAlgorithm(client)).toEqual({ pinned: "ES256", ofKey: { [signingKey.kid]: "ES256" } });
  });

  it("are several keys by a JWKS; of two kinds, each says its own algorithm", () => {
    const stack = newStack();
    const a = fixedKey(stack, "machine-a");
    const b = new SigningKeyPair(stack, "B", { name: "b", algorithm: "EdDSA" });
    const both = [...a.acceptedKeys, { ...b.acceptedKeys[0]!, state: "prepared" as const }];
    const client = { extra_config: keyAttributes(Object.assign(Object.create(a), { acceptedKeys: both })) };
    expect(certifiedKey(client)?.kid).toBe(a.kid);
    expect(acceptedKids(client)).toEqual([a.kid, b.kid]);
    expect(declaredAlgorithm(client)).toEqual({ pinned: undefined, ofKey: { [a.kid]: "RS256", [b.kid]: "EdDSA" } });
  });

  it("are told with their states, which the description names", () => {
    const stack = newStack();
    const a = fixedKey(stack, "machine-a");
    const b = new SigningKeyPair(stack, "B", { name: "b" });
    const both = [...a.acceptedKeys, { ...b.acceptedKeys[0]!, state: "prepared" as const }];
    const keys = Object.assign(Object.create(a), { acceptedKeys: both });
    const client = { description: keyDescription(keys), extra_config: keyAttributes(keys) };
    const until = a.notAfter.toISOString().slice(0, 10);
    expect(toldKeys(client)).toEqual({
      algorithms: ["RS256"],
      keys: [
        { kid: a.kid, state: "active" },
        { kid: b.kid, state: "prepared" },
      ],
      until,
    });
    const byHand = toldKeys({ ...client, description: "by hand" });
    expect(byHand.keys.map(({ state }) => state)).toEqual(["active", undefined]);
    const elsewhere = { extra_config: { ...client.extra_config, "use.jwks.url": "true", "jwks.url": "http://x/keys" } };
    expect(toldKeys(elsewhere)).toEqual({ algorithms: ["RS256"], jwksUri: "http://x/keys", keys: [] });
    expect(toldKeys({})).toEqual({ algorithms: [], keys: [] });
    expect(Object.keys(client.extra_config).filter((name) => !tellsOfKeys(name))).toEqual([]);
    expect([client.description, "by hand", undefined].map(isKeyDescription)).toEqual([true, false, false]);
  });

  it.each([
    ["has none", {}],
    ["has no attributes at all", { extra_config: null }],
    ["has something else in their place", { extra_config: { "jwt.credential.certificate": "x", "jwks.string": "{" } }],
    ["has a JWKS that is none", { extra_config: { "use.jwks.string": "true", "jwks.string": "[]" } }],
  ])("are none where a client %s", (_how, client) => {
    expect(certifiedKey(client)).toBeUndefined();
    expect(acceptedKids(client)).toEqual([]);
    expect(declaredAlgorithm(client)).toEqual({ pinned: undefined, ofKey: {} });
  });
});

describe("the description", () => {
  it("names the active key and the end of its certificate", () => {
    const { client, signingKey } = clientWith((stack) => fixedKey(stack, "machine-a"));
    const { kid, end } = FIXED["machine-a"];
    expect(client.description).toBe(`signs with RS256, key ${kid}, certificate until ${end}`);
    expect(keyDescription(signingKey)).toBe(client.description);
  });

  it("names the six latest others, and stays within Keycloak's 255 characters", () => {
    const stack = newStack();
    const a = fixedKey(stack, "machine-a");
    const others = Array.from({ length: 9 }, (_, i) => ({
      ...a.acceptedKeys[0]!,
      kid: `kid-of-${i}`.padEnd(43, "x"),
      state: "retiring" as const,
    }));
    const text = keyDescription(Object.assign(Object.create(a), { acceptedKeys: [...others, ...a.acceptedKeys] }));
    expect(text.split("; ").slice(1)).toEqual([3, 4, 5, 6, 7, 8].map((i) => `retiring: kid-of-${i}`).concat("3 more"));
    expect(text.length).toBeLessThanOrEqual(255);
  });
});
