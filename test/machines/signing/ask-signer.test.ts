// Keys that sign outside of this process: the signers here are openssl's and WebCrypto's, with keys that they keep.
import { createPublicKey, type webcrypto } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Issuer } from "../../../machines/calling/open-issuer";
import { type MachineOptions, openMachine } from "../../../machines/calling/open-machine";
import { requestToken } from "../../../machines/calling/request-token";
import { createTokenClient } from "../../../machines/calling/token-client";
import { IssuerError, KeyError, OptionError } from "../../../machines/errors";
import { keyIdOf } from "../../../machines/signing/key-id";
import type { KeySource, Signer } from "../../../machines/signing/key-source";
import { signAssertion } from "../../../machines/signing/sign-assertion";
import { createIntrospector } from "../../../machines/verifying/introspect-token";
import { verifyBoth } from "../../../machines/verifying/verify-both";
import { createVerifier } from "../../../machines/verifying/verify-token";
import { pemBlock } from "../../pem";
import { ALL_ALGORITHMS, TestIssuer, type TestKey, testFolder } from "../issuer-fixture";
import { opensslSigner, signByOpenssl } from "./openssl-signer";

const { subtle } = globalThis.crypto;
const folder = testFolder();
const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
let server: TestIssuer;
let issuer: Issuer;
let rsa: TestKey;
beforeAll(async () => {
  process.on("unhandledRejection", note);
  server = await new TestIssuer(await folder.rsaKey("realm.key")).start();
  rsa = await folder.rsaKey("machine-a.key");
  issuer = server.open();
});
beforeEach(() => {
  server.reset();
  server.clients.set("machine-a", rsa);
});
afterEach(async () => {
  await sleep(5);
  expect(unhandled).toEqual([]);
});
afterAll(async () => {
  process.off("unhandledRejection", note);
  await issuer.close();
  await server.stop();
  folder.remove();
});

const assertionBy = (signingKey: KeySource) => signAssertion({ clientId: "machine-a", issuer: server.url, signingKey });
const failureOf = (signingKey: KeySource) => assertionBy(signingKey).catch((error: unknown) => error);
const signerThat = (sign: (data: Uint8Array) => unknown, more: Partial<Signer> = {}) =>
  ({ kid: "key-1", algorithm: "ES256", sign, ...more }) as Signer;

interface Sealed extends Signer {
  readonly publicKey: TestKey["publicKey"];
  calls: number;
}

/** A signer whose key WebCrypto does not give out. */
async function sealed(): Promise<Sealed> {
  const ecdsa = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const pair = (await subtle.generateKey(ecdsa, false, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const spki = Buffer.from(await subtle.exportKey("spki", pair.publicKey));
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const signer: Sealed = {
    kid: keyIdOf(publicKey),
    algorithm: "ES256",
    publicKey,
    calls: 0,
    async sign(data) {
      this.calls++; // as a method: what a signer's class keeps has to be there
      return new Uint8Array(await subtle.sign(ecdsa, pair.privateKey, data as Uint8Array<ArrayBuffer>));
    },
  };
  return signer;
}
const asClient = (signer: Sealed) => server.clients.set("machine-a", signer as unknown as TestKey);

describe("a signer", () => {
  it.each(ALL_ALGORITHMS)("signs by %s in another process, as jose and an issuer verify it", async (algorithm) => {
    const key = await folder.key(`${algorithm}.key`, algorithm);
    const signer = opensslSigner(key);
    const { protectedHeader } = await jwtVerify(await assertionBy(signer), key.publicKey, { algorithms: [algorithm] });
    expect(protectedHeader).toEqual({ alg: algorithm, typ: "JWT", kid: key.kid });
    server.clients.set("machine-a", key);
    expect(await requestToken(issuer, { clientId: "machine-a", signingKey: signer })).toMatchObject({
      expiresInSeconds: 300,
    });
  });

  it("signs for 100 calls at the same time, each its own", async () => {
    const signer = await sealed();
    const assertions = await Promise.all(Array.from({ length: 100 }, () => assertionBy(signer)));
    for (const assertion of assertions) await jwtVerify(assertion, signer.publicKey);
    expect(new Set(assertions.map((assertion) => decodeJwt(assertion).jti)).size).toBe(100);
    expect(signer.calls).toBe(100);
  });

  it("is given memory of its own, and may give a part of a larger one", async () => {
    const signer = await sealed();
    const assertion = await assertionBy({
      ...signer,
      async sign(data) {
        expect(data.buffer.byteLength).toBe(data.byteLength);
        const larger = new Uint8Array(100);
        larger.set(await signer.sign(data), 7);
        return larger.subarray(7, 71);
      },
    });
    await jwtVerify(assertion, signer.publicKey);
  });

  it("may be given by a function, which is asked for each signature", async () => {
    const [first, second] = [await sealed(), await sealed()];
    let current = first;
    const source = () => current;
    expect(decodeProtectedHeader(await assertionBy(source)).kid).toBe(first.kid);
    current = second;
    await jwtVerify(await assertionBy(source), second.publicKey);
  });

  it("serves requests, a token client, an introspector and a machine", async () => {
    const signer = await sealed();
    asClient(signer);
    const client = createTokenClient(issuer, { clientId: "machine-a", signingKey: signer });
    const token = await client.getToken();
    const introspect = createIntrospector(issuer, { clientId: "machine-a", signingKey: signer, audience: "machine-b" });
    expect(await introspect(token)).toMatchObject({ caller: "machine-a" });
    const machine = openMachine({ ...machineOptions(), signingKey: () => signer });
    expect(await machine.getToken()).toMatch(/^eyJ/);
    const online = createIntrospector(machine.issuer, { ...machine, audience: "machine-b" });
    expect(await online(token)).toMatchObject({ caller: "machine-a" });
    expect(signer.calls).toBe(4);
    await machine.close();
  });
});

const machineOptions = (): MachineOptions => ({
  clientId: "machine-a",
  issuer: server.url,
  connectTo: server.connectTo,
  allowInsecureHttp: true,
});

describe("a key id", () => {
  it.each([
    ["arn:aws:kms:eu-central-1:111122223333:key/1234abcd", "arn_aws_"],
    ['"\\"}.{', "______"],
    ["k".repeat(255), "kkkkkkkk"],
    ["x", "x"],
  ])("%s stands in the header as it is, and in the jti as %s", async (kid, begin) => {
    const signer = await sealed();
    const assertion = await assertionBy({ ...signer, kid });
    expect((await jwtVerify(assertion, signer.publicKey)).protectedHeader.kid).toBe(kid);
    expect(decodeJwt(assertion).jti).toMatch(new RegExp(`^${begin}\\.[\\w-]{22}$`));
  });

  it.each(["", "k".repeat(256), "two words", "line\nend", "schlüssel", undefined, 7])("%j is refused", async (kid) => {
    const signingKey = signerThat(() => undefined, { kid: kid as string });
    const message = /^`signingKey\.kid` must be 1 to 255 visible ASCII characters, got: /;
    expect(await failureOf(() => signingKey)).toMatchObject({
      code: "ERR_OPTION",
      message: expect.stringMatching(message),
    });
    expect(() => createTokenClient(issuer, { clientId: "a", signingKey })).toThrow(message);
    expect(() => createIntrospector(issuer, { clientId: "a", signingKey, audience: "a" })).toThrow(message);
    expect(() => openMachine({ ...machineOptions(), signingKey })).toThrow(message);
  });
});

describe("a source of keys", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "got: undefined"],
    ["null", null, "got: null"],
    ["a text", "key", "got: string"],
    ["no way to sign", { kid: "k", algorithm: "ES256" }, "got: object"],
    ["a promise", Promise.resolve(), "got: a promise"],
  ])("that is or gives %s is refused", async (_name, key, got) => {
    const expected = { code: "ERR_OPTION", message: expect.stringContaining(got) };
    expect(await failureOf(key as Signer)).toMatchObject(expected);
    expect(await failureOf(() => key as Signer)).toMatchObject(expected);
  });

  it("with another algorithm is refused", async () => {
    const error = await failureOf(signerThat(() => undefined, { algorithm: "HS256" as "ES256" }));
    expect(error).toEqual(
      new OptionError(
        '`signingKey.algorithm` must be one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, got: "HS256"',
      ),
    );
  });

  it("that fails is a signer that fails, unless it says what it is by an error of ours", async () => {
    const failing = (error: Error) => () => {
      throw error;
    };
    const signingKey = failing(new RangeError("no such version"));
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).rejects.toMatchObject({
      code: "ERR_SIGNER",
      cause: { name: "RangeError", message: "no such version" },
    });
    const own = new IssuerError("ERR_CLIENT_REFUSED", "own");
    expect(await failureOf(failing(own))).toBe(own);
  });

  it.each([
    ["none", () => ({})],
    ["`keyFile` and `signingKey`", () => ({ keyFile: rsa.file, signingKey: rsa })],
    ["`keyVariable` and `signingKey`", () => ({ keyVariable: "KEY", signingKey: rsa })],
  ])("has to be one of keyFile, keyVariable and signingKey in a machine, not %s", (got, options) => {
    expect(() => openMachine({ ...machineOptions(), ...options() })).toThrow(
      new OptionError(`exactly one of \`keyFile\`, \`keyVariable\` and \`signingKey\` must be given, got: ${got}`),
    );
  });
});

const denied = () => Object.assign(new Error("denied:\nkey is disabled"), { name: "KMSError", code: "DENIED" });

describe("a signer that fails", () => {
  it.each<[string, (data: Uint8Array) => unknown, string]>([
    [
      "throws",
      () => {
        throw denied();
      },
      "failed: denied: key is disabled",
    ],
    ["rejects", () => Promise.reject(denied()), "failed: denied: key is disabled"],
    ["rejects with no error", () => Promise.reject("no"), "failed: unknown"],
    ["rejects with nothing", () => Promise.reject(undefined), "failed: unknown"],
    ["gives nothing", () => undefined, "got: no bytes"],
    ["gives a text", async () => "c2ln", "got: no bytes"],
    ["gives numbers", async () => new Array(64).fill(1), "got: no bytes"],
    ["gives wider numbers", async () => new Uint16Array(64), "got: no bytes"],
    ["gives an ArrayBuffer", async () => new ArrayBuffer(64), "got: an ArrayBuffer"],
    ["gives too few bytes", async () => new Uint8Array(63), "got: 63 bytes"],
    ["gives no bytes at all", async () => new Uint8Array(0), "got: 0 bytes"],
    [
      "gives DER",
      async (data) => signByOpenssl(await folder.key("der.key", "ES256"), data),
      "in DER; return r and s side by side instead",
    ],
  ])("because it %s says so by a code", async (_name, sign, text) => {
    const error = await failureOf(signerThat(sign));
    expect(error).toBeInstanceOf(KeyError);
    expect(error).toMatchObject({ code: "ERR_SIGNER", message: expect.stringContaining(text) });
    expect((error as KeyError).message).toMatch(/^the signer of key key-1 /);
  });

  it.each([
    ["RS256", 255, "256 to 2048"],
    ["PS256", 2049, "256 to 2048"],
    ["EdDSA", 65, "64"],
  ] as const)("by %s with %d bytes is told how many there have to be", async (algorithm, count, wanted) => {
    expect(await failureOf(signerThat(async () => new Uint8Array(count), { algorithm }))).toMatchObject({
      code: "ERR_SIGNER",
      message: `the signer of key key-1 must return a Uint8Array of ${wanted} bytes for ${algorithm}, got: ${count} bytes`,
    });
  });

  it("keeps the cause without what is attached to it, and no assertion or key", async () => {
    let signed = "";
    const error = await failureOf(
      signerThat(async (data) => {
        signed = Buffer.from(data).toString();
        const pem = pemBlock("PRIVATE KEY", "MIIE");
        throw Object.assign(denied(), { message: `cannot sign ${signed} by ${pem}`, request: { signed, pem } });
      }),
    );
    expect((error as Error).cause).toMatchObject({ name: "KMSError", code: "DENIED" });
    const shown = inspect(error, { depth: 9, showHidden: true });
    for (const part of signed.split(".")) expect(shown).not.toContain(part);
    expect(shown).not.toContain("MIIE");
  });

  it("by hanging is given up after 5 s; what comes later is dropped, a failure too", async () => {
    const since = performance.now();
    const late = signerThat(async () => {
      await sleep(5300);
      throw denied();
    });
    const never = signerThat(() => new Promise(() => {}));
    const errors = await Promise.all([late, never].map(failureOf));
    const tookMs = performance.now() - since;
    for (const error of errors) {
      const message = "the signer of key key-1 failed: no answer within 5000 ms";
      expect(error).toMatchObject({ code: "ERR_SIGNER", message });
    }
    expect(tookMs).toBeGreaterThan(4900);
    expect(tookMs).toBeLessThan(7000);
    await sleep(500); // whether the failure that came later is handled is looked at after each test
  });

  it("by a wrong signature of the right form is found by the issuer", async () => {
    const signingKey = signerThat(async () => new Uint8Array(256), { kid: rsa.kid, algorithm: "RS256" });
    await expect(requestToken(issuer, { clientId: "machine-a", signingKey })).rejects.toMatchObject({
      code: "ERR_CLIENT_REFUSED",
    });
  });
});

describe("an outage of the signer", () => {
  /** A machine whose tokens are due at once, and whose signer can be away. */
  async function machine(patienceMs: number) {
    const signer = await sealed();
    asClient(signer);
    const away = { now: false, calls: 0 };
    const lines: string[] = [];
    const failing: Signer = {
      ...signer,
      async sign(data) {
        away.calls++;
        if (away.now) throw denied();
        return signer.sign(data);
      },
    };
    const log = (line: string) => lines.push(line);
    const options = { clientId: "machine-a", signingKey: failing, patienceMs, refreshAfter: 0.1, log };
    return { ...createTokenClient(issuer, options), away, lines, signer: failing };
  }

  it("passes unnoticed while there is a token, with one more line in the log", async () => {
    const body = { access_token: await server.mint(), token_type: "Bearer", expires_in: 3 };
    server.answers.set("/token", () => ({ body }));
    const { getToken, away, lines } = await machine(0);
    const token = await getToken();
    away.now = true;
    await sleep(600);
    for (let i = 0; i < 50; i++) expect(await getToken()).toBe(token);
    await sleep(20);
    expect(lines).toEqual([
      expect.stringMatching(
        /could not be refreshed; the one in hand is valid for \d s: .*key is disabled \[ERR_SIGNER\]$/,
      ),
    ]);
    expect(away.calls).toBe(2);
  });

  it("is waited for without a token, by attempts that back off, however many calls there are", async () => {
    const { getToken, away } = await machine(10_000);
    away.now = true;
    const waiting = Array.from({ length: 100 }, () => getToken());
    await sleep(1000);
    expect(away.calls).toBeGreaterThan(1);
    expect(away.calls).toBeLessThan(8);
    away.now = false;
    expect(new Set(await Promise.all(waiting)).size).toBe(1);
  });

  it("outlasts patience with its own code, and is not asked again at once", async () => {
    const { getToken, away } = await machine(0);
    away.now = true;
    for (let i = 0; i < 20; i++) await expect(getToken()).rejects.toMatchObject({ code: "ERR_SIGNER" });
    expect(away.calls).toBe(1);
  });

  it("gives no verdict online, and lets no token pass unchecked", async () => {
    const { away, signer } = await machine(0);
    const offline = createVerifier(issuer, { audience: "machine-b" });
    const online = createIntrospector(issuer, { clientId: "machine-a", signingKey: signer, audience: "machine-b" });
    const verify = verifyBoth({ offline, online, acceptUncheckedDuringOutage: true });
    away.now = true;
    const token = await server.mint();
    await expect(verify(token)).rejects.toMatchObject({ code: "ERR_SIGNER" });
    away.now = false;
    expect(await verify(token)).toMatchObject({ caller: "machine-a" });
  });
});
