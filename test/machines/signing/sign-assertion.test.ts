import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptionError } from "../../../machines/errors";
import { signAssertion } from "../../../machines/signing/sign-assertion";
import { loadSigningKey } from "../../../machines/signing/signing-key";
import { ALL_ALGORITHMS, type TestKey, testFolder } from "../issuer-fixture";

const folder = testFolder();
afterAll(folder.remove);
let signingKey: TestKey;
beforeAll(async () => {
  signingKey = await folder.rsaKey("machine-a-signing.key");
});

const issuer = "http://keycloak:8080/realms/sjwt-example";
const now = () => new Date(1_800_000_000_999);

describe("signAssertion", () => {
  it("states the client, the issuer and 60 seconds, and nothing else", async () => {
    const assertion = await signAssertion({ clientId: "machine-a", issuer, signingKey, now });
    expect(decodeProtectedHeader(assertion)).toEqual({ alg: "RS256", typ: "JWT", kid: signingKey.kid });
    expect(decodeJwt(assertion)).toEqual({
      iss: "machine-a",
      sub: "machine-a",
      aud: issuer,
      jti: expect.any(String),
      iat: 1_800_000_000,
      exp: 1_800_000_060,
    });
  });

  it.each(ALL_ALGORITHMS)("is signed with %s, as another library verifies it", async (algorithm) => {
    const key = await folder.key(`${algorithm}.key`, algorithm);
    const signed = await signAssertion({
      clientId: "machine-a",
      issuer,
      signingKey: loadSigningKey(key.file, { algorithm }),
    });
    const { protectedHeader } = await jwtVerify(signed, key.publicKey, { algorithms: [algorithm], audience: issuer });
    expect(protectedHeader).toEqual({ alg: algorithm, typ: "JWT", kid: key.kid });
  });

  it("has a new jti each time: the beginning of the key id, and 128 random bits", async () => {
    const ids = new Set<string>();
    for (let i = 0; i < 20; i++) ids.add(decodeJwt(await signAssertion({ clientId: "a", issuer, signingKey })).jti!);
    expect(ids.size).toBe(20);
    for (const id of ids) {
      const [begin, random, ...more] = id.split(".");
      expect([begin, more]).toEqual([signingKey.kid.slice(0, 8), []]);
      expect(Buffer.from(random!, "base64url")).toHaveLength(16);
    }
  });

  it("takes a shorter life", async () => {
    const assertion = await signAssertion({ clientId: "a", issuer, signingKey, now, lifetimeSeconds: 1 });
    expect(decodeJwt(assertion).exp).toBe(1_800_000_001);
  });

  it.each([0, 61, 1.5, Number.NaN, -1])("fails on a life of %s seconds", async (lifetimeSeconds) => {
    await expect(signAssertion({ clientId: "a", issuer, signingKey, lifetimeSeconds })).rejects.toThrow(
      new OptionError(`\`lifetimeSeconds\` must be a whole number from 1 to 60, got: ${lifetimeSeconds}`),
    );
  });

  it("fails on an empty client id or issuer", async () => {
    await expect(signAssertion({ clientId: "", issuer, signingKey })).rejects.toThrow("`clientId` must not be empty");
    await expect(signAssertion({ clientId: "a", issuer: "", signingKey })).rejects.toThrow(
      "`issuer` must not be empty",
    );
  });
});
