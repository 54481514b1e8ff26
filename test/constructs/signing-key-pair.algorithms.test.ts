import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type ISigningKey,
  KeycloakServer,
  MachineContainer,
  Realm,
  SignedJwtClient,
  type SigningAlgorithm,
  SigningKeyPair,
  type SigningKeyPairProps,
} from "../../constructs";
import { selfSign } from "../../constructs/keys/self-sign";
import { ecPair, rsaPair } from "../generated-key";
import { pemBegin } from "../pem";
import { findPrivateBytes } from "./private-bytes";
import {
  captureNotices,
  filesBelow,
  inTemporaryProject,
  messageOf,
  newRealm,
  newStack,
  only,
  synth,
  writeProjectFile,
} from "./project";

inTemporaryProject();

const KEY = "certs/m-signing.key";
const CERTIFICATE = "certs/m-signing.crt";
const RSA = rsaPair().privateKey;

const ALGORITHMS: {
  algorithm: SigningAlgorithm;
  kind: string;
  publicKey: string;
  jwks: boolean;
  /** One that its keys do not fit. */
  other: SigningAlgorithm;
}[] = [
  { algorithm: "RS256", kind: "RSA-2048", publicKey: "Public-Key: (2048 bit)", jwks: false, other: "EdDSA" },
  { algorithm: "PS256", kind: "RSA-2048", publicKey: "Public-Key: (2048 bit)", jwks: false, other: "ES256" },
  { algorithm: "ES256", kind: "P-256", publicKey: "ASN1 OID: prime256v1", jwks: true, other: "RS256" },
  { algorithm: "PS512", kind: "RSA-2048", publicKey: "Public-Key: (2048 bit)", jwks: false, other: "ES512" },
  { algorithm: "ES384", kind: "P-384", publicKey: "ASN1 OID: secp384r1", jwks: true, other: "ES256" },
  { algorithm: "ES512", kind: "P-521", publicKey: "ASN1 OID: secp521r1", jwks: true, other: "ES384" },
  { algorithm: "EdDSA", kind: "Ed25519", publicKey: "ED25519 Public-Key:", jwks: true, other: "ES256" },
];

function openssl(...args: string[]): string {
  return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The pair `m`, for an algorithm. */
function declare(algorithm: SigningAlgorithm, stack = newStack(), props: Partial<SigningKeyPairProps> = {}) {
  return new SigningKeyPair(stack, "Key", { name: "m", algorithm, ...props });
}

describe.each(ALGORITHMS)("SigningKeyPair for $algorithm", ({ algorithm, kind, publicKey, other }) => {
  it("makes a key of its kind for its owner alone, and a certificate that openssl verifies", () => {
    const notices = captureNotices();
    const pair = declare(algorithm);
    expect(notices[0]).toBe(`made the private key ${KEY} (${kind}, mode 0600, keep it out of git)\n`);
    expect(pair.algorithm).toBe(algorithm);
    expect(readFileSync(KEY, "utf8").startsWith(pemBegin("PRIVATE KEY"))).toBe(true);
    expect(statSync(KEY).mode & 0o777).toBe(0o600);
    expect(openssl("verify", "-check_ss_sig", "-CAfile", CERTIFICATE, CERTIFICATE)).toContain("OK");
    expect(openssl("x509", "-in", CERTIFICATE, "-noout", "-text")).toContain(publicKey);
    expect(openssl("pkey", "-in", KEY, "-pubout")).toBe(openssl("x509", "-in", CERTIFICATE, "-noout", "-pubkey"));
  });

  it("gives the same facts from the certificate alone, which commits and second checkouts have", () => {
    captureNotices();
    const first = facts(declare(algorithm));
    rmSync(KEY);
    expect(facts(declare(algorithm))).toEqual(first);
    expect(existsSync(KEY)).toBe(false);
    expect(first.publicJwk).toMatchObject({ alg: algorithm, kid: first.kid, use: "sig" });
  });

  it("refuses the files of another kind, the certificate's alone too, and leaves them", () => {
    captureNotices();
    declare(algorithm);
    const before = readFileSync(CERTIFICATE, "utf8");
    const got = new RegExp(
      `, as \`algorithm\` is "${other}", got: ${kind.replace("-2048", "")}; set \`algorithm\` to "`,
    );
    const rest = "or remove both halves to have a new one made";
    for (const [file, verb] of [
      [resolve(KEY), "hold"],
      [CERTIFICATE, "certify"],
    ] as const) {
      const message = messageOf(() => declare(other));
      expect(message).toContain(`[test/Key] ${file} must ${verb} a`);
      expect(message).toMatch(got);
      expect(message).toContain(rest);
      rmSync(KEY, { force: true });
    }
    expect(readFileSync(CERTIFICATE, "utf8")).toBe(before);
  });
});

function facts({ algorithm, kid, publicJwk, certificateBase64, notAfter }: ISigningKey) {
  return { algorithm, kid, publicJwk, certificateBase64, notAfter };
}

describe("SigningKeyPair", () => {
  it("refuses a length beside an algorithm whose keys have one size, and an algorithm that is none", () => {
    expect(messageOf(() => declare("EdDSA", newStack(), { rsaBits: 2048 }))).toBe(
      '[test/Key] `rsaBits` must be left out beside `algorithm` "EdDSA", whose keys are Ed25519, got: 2048',
    );
    expect(messageOf(() => declare("HS256" as never, newStack(), { rsaBits: 2048 }))).toBe(
      '[test/Key] `algorithm` must be "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512" or "EdDSA", got: "HS256"',
    );
    expect(existsSync("certs")).toBe(false);
  });

  it("refuses another curve in words", () => {
    const { privateKey } = ecPair("secp256k1");
    writeProjectFile(KEY, privateKey.export({ type: "pkcs8", format: "pem" }) as string);
    expect(messageOf(() => declare("ES256"))).toBe(
      `[test/Key] ${resolve(KEY)} must hold an RSA, P-256, P-384, P-521 or Ed25519 key, got: ec secp256k1; remove both halves to have a new one made`,
    );
  });

  it("reads SEC1 too, as openssl's older commands write EC keys", () => {
    captureNotices();
    const { privateKey } = ecPair();
    writeProjectFile(KEY, privateKey.export({ type: "sec1", format: "pem" }) as string);
    expect(declare("ES256").publicJwk).toMatchObject({ kty: "EC", crv: "P-256" });
  });
});

describe("fromCertificateFile", () => {
  const imported = (algorithm?: SigningAlgorithm) =>
    SigningKeyPair.fromCertificateFile(newStack(), "Key", "m.pem", { algorithm });

  it.each(ALGORITHMS)("takes the algorithm from the certificate's key: $algorithm", ({ algorithm, kind }) => {
    captureNotices();
    const made = declare(algorithm);
    writeProjectFile("m.pem", made.certificatePem);
    expect(facts(imported(algorithm))).toEqual(facts(made));
    expect(imported().algorithm).toBe(kind === "RSA-2048" ? "RS256" : algorithm);
  });

  it("fails on an algorithm that the certificate's key does not fit", () => {
    writeProjectFile("m.pem", selfSign(RSA, "m", 5));
    expect(messageOf(() => imported("EdDSA"))).toBe(
      '[test/Key] m.pem must certify an Ed25519 key, as `algorithm` is "EdDSA", got: RSA; set `algorithm` to "RS256", "RS384", "RS512", "PS256", "PS384" or "PS512", or give a certificate of another key',
    );
    expect(messageOf(() => imported("RS1" as never))).toBe(
      '[test/Key] `algorithm` must be "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512" or "EdDSA", got: "RS1"',
    );
  });

  it.each([
    ["ec secp256k1", "ec", "ec_paramgen_curve:secp256k1"],
    ["ed448", "ed448", undefined],
    ["rsa-pss", "rsa-pss", "rsa_keygen_bits:2048"],
  ])("fails on a certificate of a key of kind %s", (got, kind, option) => {
    mkdirSync("certs");
    const newKey = ["-newkey", kind, ...(option ? ["-pkeyopt", option] : [])];
    openssl("req", "-x509", ...newKey, "-noenc", "-subj", "/CN=m", "-keyout", "throwaway.key", "-out", "m.pem");
    expect(messageOf(() => imported())).toBe(
      `[test/Key] m.pem must certify an RSA, P-256, P-384, P-521 or Ed25519 key, got: ${got}; give a certificate of another key`,
    );
  });
});

describe.each(ALGORITHMS)("SignedJwtClient with $algorithm", ({ algorithm, jwks }) => {
  it("publishes its key so that nothing but this key and algorithm passes, and says so in words", () => {
    captureNotices();
    const stack = newStack();
    const signingKey = declare(algorithm, stack);
    new SignedJwtClient(stack, "Client", { realm: newRealm(stack), clientId: "m", signingKey });
    const client = only(synth(stack), "keycloak_openid_client");
    expect(client.extra_config).toEqual({
      "token.endpoint.auth.signing.alg": algorithm,
      "jwt.credential.certificate": signingKey.certificateBase64,
      "use.jwks.url": "false",
      "tls.client.certificate.bound.access.tokens": "false",
      "use.jwks.string": String(jwks),
      ...(jwks && { "jwks.string": JSON.stringify({ keys: [signingKey.publicJwk] }) }),
    });
    expect(client.description).toMatch(`signs with ${algorithm}, key ${signingKey.kid}, certificate until `);
  });

  it("puts no private byte into anything synthesized", () => {
    captureNotices();
    const stack = newStack();
    const signingKey = declare(algorithm, stack);
    new SignedJwtClient(stack, "Client", { realm: newRealm(stack), clientId: "m", signingKey });
    synth(stack);
    const pem = readFileSync(KEY, "utf8");
    expect(findPrivateBytes(pem, pem)).toBeDefined();
    for (const file of filesBelow("cdktf.out")) {
      expect(findPrivateBytes(pem, readFileSync(file, "utf8")), file).toBeUndefined();
    }
  });
});

it.each(ALGORITHMS)("MachineContainer tells its program the algorithm: $algorithm", ({ algorithm }) => {
  captureNotices();
  const stack = newStack();
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  const client = new SignedJwtClient(stack, "Client", {
    realm,
    clientId: "api",
    signingKey: declare(algorithm, stack),
  });
  new MachineContainer(stack, "Api", { server, client });
  const machine = Object.values(synth(stack).resource.docker_container ?? {}).find(({ name }) => name === "api");
  expect(machine?.env).toContain(`ALGORITHM=${algorithm}`);
});
