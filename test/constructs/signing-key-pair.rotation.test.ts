import type { KeyObject } from "node:crypto";
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { SignedJwtClient, SigningKeyPair, type SigningKeyPairProps } from "../../constructs";
import { keySwitches } from "../../constructs/contract/key-switches";
import { readCertificate } from "../../constructs/keys/certificate";
import { entryOf, type KeyState, parseRecord, printRecord } from "../../constructs/keys/key-record";
import { selfSign } from "../../constructs/keys/self-sign";
import { ecPair, ed25519Pair, rsaPair } from "../generated-key";
import {
  captureNotices,
  filesBelow,
  inTemporaryProject,
  makeProject,
  manifestOf,
  messageOf,
  newRealm,
  newStack,
  only,
  synth,
  writeProjectFile,
} from "./project";

inTemporaryProject();

/** What `m2m up` tells the app. */
const DEPLOYS = keySwitches({ createKeys: "outside CI", reissue: false, switchesKeys: true });

/** A key with the facts of its certificate. */
function keyOf(key: KeyObject, algorithm?: "PS256") {
  return { key, ...readCertificate(selfSign(key, "m", 300), "m.crt", { algorithm }) };
}
const rsa = () => keyOf(rsaPair().privateKey);
const [ONE, TWO, THREE] = [rsa(), rsa(), rsa()];
const EC = keyOf(ecPair().privateKey);

const RECORD = "certs/m-signing.keys.json";
const SINCE = new Date("2026-01-01T00:00:00Z");

type Facts = typeof ONE;

/** The committed files of a pair: the record of some keys in these states, and the active one's certificate. */
function commit(states: string, ...keys: Facts[]): void {
  const all = states.split(" ").map((state, i) => entryOf(keys[i]!, state as KeyState, SINCE));
  writeProjectFile(RECORD, printRecord({ version: 1, keys: all }));
  writeProjectFile("certs/m-signing.crt", activeOf(states, ...keys).pem);
}

function activeOf(states: string, ...keys: Facts[]): Facts {
  return keys[states.split(" ").indexOf("active")]!;
}

function writeKey({ key, kid }: Facts, isStaged = false): string {
  const path = isStaged ? `certs/m-signing.${kid.slice(0, 8)}.key` : "certs/m-signing.key";
  writeProjectFile(path, key.export({ type: "pkcs8", format: "pem" }) as string);
  return path;
}

function declare(props: Partial<SigningKeyPairProps> = {}, stack = newStack()) {
  const signingKey = new SigningKeyPair(stack, "Key", { name: "m", ...props });
  new SignedJwtClient(stack, "M", { realm: newRealm(stack), clientId: "m", signingKey });
  return { stack, signingKey };
}

/** What the one client of a stack tells Keycloak of its keys. */
function published(props: Partial<SigningKeyPairProps> = {}) {
  const { stack } = declare(props);
  const { description, extra_config: attributes } = only(synth(stack), "keycloak_openid_client");
  const { keys } = JSON.parse(attributes["jwks.string"] ?? '{"keys":[]}') as { keys: { kid: string; alg: string }[] };
  return { description, attributes, keys };
}

function warnings(stack = declare().stack): string[] {
  synth(stack);
  return manifestOf(stack).annotations.map(({ message }) => message);
}

describe("what a client publishes", () => {
  it("is the certificate of one RSA key, with a record as without", () => {
    writeProjectFile("certs/m-signing.crt", ONE.pem);
    const without = published();
    expect(without.attributes).toEqual({
      "token.endpoint.auth.signing.alg": "RS256",
      "jwt.credential.certificate": ONE.base64,
      "use.jwks.url": "false",
      "tls.client.certificate.bound.access.tokens": "false",
      "use.jwks.string": "false",
    });
    commit("active", ONE);
    expect(published()).toEqual(without);
  });

  it.each([
    ["prepared", "active prepared", ONE, TWO],
    ["activated", "retiring active", TWO, ONE],
    ["brought back", "active retiring", ONE, TWO],
  ])("is a JWKS with the active key first once another is %s, beside its certificate", (_, states, first, second) => {
    commit(states, ONE, TWO);
    const { attributes, keys } = published();
    expect(keys).toEqual([first.publicJwk, second.publicJwk]);
    expect(attributes).toMatchObject({
      "token.endpoint.auth.signing.alg": "RS256",
      "jwt.credential.certificate": first.base64,
      "use.jwks.string": "true",
      "use.jwks.url": "false",
      "tls.client.certificate.bound.access.tokens": "false",
    });
  });

  it("is a certificate again once the other has gone, or is revoked", () => {
    commit("active", TWO);
    const gone = published();
    expect(gone.attributes).toMatchObject({ "jwt.credential.certificate": TWO.base64, "use.jwks.string": "false" });
    expect(gone.attributes).not.toHaveProperty(["jwks.string"]);
    commit("revoked active", ONE, TWO);
    expect(published()).toEqual(gone);
  });

  it("holds nothing of a revoked key", () => {
    commit("revoked retiring active", ONE, TWO, THREE);
    const { stack } = declare();
    const client = JSON.stringify(synth(stack).resource);
    expect(client).not.toContain(ONE.kid);
    expect(client).not.toContain(ONE.base64.slice(100, 200));
    expect(published().keys.map(({ kid }) => kid)).toEqual([THREE.kid, TWO.kid]);
  });
});

describe("a change of the kind of key", () => {
  it.each([
    ["RS256 to ES256", ONE, EC],
    ["ES256 to RS256", EC, ONE],
  ])("%s pins the algorithm only while all keys have one", (_, one, two) => {
    const steps: [states: string, ...keys: Facts[]][] = [
      ["active", one],
      ["active prepared", one, two],
      ["retiring active", one, two],
      ["active", two],
    ];
    const algorithms = steps.map(([states, ...placed]) => {
      commit(states, ...placed);
      const { algorithm } = activeOf(states, ...placed);
      const { attributes, keys, description } = published({ algorithm });
      const other = placed.find((facts) => facts.algorithm !== algorithm)?.algorithm;
      if (placed.length > 1) expect(keys.map(({ alg }) => alg)).toEqual([algorithm, other]);
      expect(description).toMatch(new RegExp(`^signs with ${algorithm}, key `));
      return attributes["token.endpoint.auth.signing.alg"];
    });
    expect(algorithms).toEqual([one.algorithm, undefined, undefined, two.algorithm]);
  });

  it("takes the prop of the prepared key before it signs, and tells the active one's algorithm", () => {
    commit("active prepared", ONE, EC);
    expect(declare({ algorithm: "ES256" }).signingKey).toMatchObject({ algorithm: "RS256", kid: ONE.kid });
  });

  it.each([
    ["none is prepared for", "active", "ES256"],
    ["only a retiring one has", "retiring active", "RS256"],
    ["only a revoked one has", "active revoked", "ES256"],
  ] as const)("refuses a prop that %s", (_, states, algorithm) => {
    commit(states, ONE, EC);
    const active = activeOf(states, ONE, EC).algorithm;
    expect(() => declare({ algorithm })).toThrow(expect.objectContaining({ code: "ALGORITHM_MISMATCH" }));
    expect(messageOf(() => declare({ algorithm }))).toBe(
      `[test/Key] ${RECORD} must have an active or prepared key for ${algorithm}, as \`algorithm\` says, got: ${active}; set \`algorithm\` to "${active}"; to change the kind of key, rotate with \`m2m keys prepare --algorithm\`, and change the prop before \`m2m keys activate\``,
    );
  });
});

describe("the description", () => {
  it("names the active key and the others with their states", () => {
    commit("retiring active prepared", ONE, TWO, THREE);
    const { description } = published();
    const [one, three] = [ONE, THREE].map(({ kid }) => kid.slice(0, 8));
    const until = TWO.notAfter.toISOString().slice(0, 10);
    expect(description).toBe(
      `signs with RS256, key ${TWO.kid}, certificate until ${until}; retiring: ${one}; prepared: ${three}`,
    );
  });

  it("has room in Keycloak, however many keys there are", () => {
    const many = Array.from({ length: 12 }, () => keyOf(ed25519Pair().privateKey));
    commit(`${"retiring ".repeat(12)}active prepared`, ...many, ONE, TWO);
    const { description, keys } = published();
    expect(keys).toHaveLength(14);
    expect(description.length).toBeLessThanOrEqual(255);
    expect(description).toMatch(new RegExp(`prepared: ${TWO.kid.slice(0, 8)}; 7 more$`));
  });
});

describe("a pair with a record", () => {
  it("tells every accepted key, and where its private half is", () => {
    commit("revoked retiring active", ONE, TWO, THREE);
    const { signingKey } = declare();
    expect(signingKey.acceptedKeys).toEqual([
      { kid: TWO.kid, algorithm: "RS256", state: "retiring", publicJwk: TWO.publicJwk },
      { kid: THREE.kid, algorithm: "RS256", state: "active", publicJwk: THREE.publicJwk },
    ]);
    expect(signingKey).toMatchObject({ kid: THREE.kid, privateKeyFile: "certs/m-signing.key" });
  });

  it("is told to m2m keys in a comment, by public facts", () => {
    commit("revoked active prepared", ONE, TWO, THREE);
    writeKey(TWO);
    const json = synth(declare().stack) as unknown as { "//": { signingKeys: Record<string, object> } };
    expect(Object.values(json["//"].signingKeys)).toEqual([
      {
        name: "m",
        directory: "certs",
        privateKeyDirectory: "certs",
        algorithm: "RS256",
        validityDays: 365,
        kids: [TWO.kid, THREE.kid],
        revoked: [ONE.kid],
      },
    ]);
  });

  it("is left as it is by a synthesis, also where it is told to make and to issue", () => {
    const notices = captureNotices();
    vi.stubEnv("M2M_CREATE_KEYS", "true");
    vi.stubEnv("M2M_REISSUE_CERTIFICATES", "true");
    const old = { ...ONE, ...readCertificate(selfSign(ONE.key, "m", 1, new Date("2020-01-01T00:00:00Z")), "m.crt") };
    commit("active prepared", old, TWO);
    writeKey(TWO, true);
    const before = filesBelow("certs").map((path) => [path, readFileSync(path, "utf8")]);
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^THE CERTIFICATE certs\/m-signing.crt HAS ENDED .*; rotate it where certs\/m-signing.key is, and not here: `m2m keys rotate m`$/,
      ),
    ]);
    expect(filesBelow("certs").map((path) => [path, readFileSync(path, "utf8")])).toEqual(before);
    expect(notices).toEqual([]);
  });

  it("needs no certificate beside it: the record has it", () => {
    commit("active prepared", ONE, TWO);
    rmSync("certs/m-signing.crt");
    expect(published().attributes["jwt.credential.certificate"]).toBe(ONE.base64);
    expect(existsSync("certs/m-signing.crt")).toBe(false);
  });

  it("is taken where the states know either of its keys, or one that has gone", () => {
    commit("retiring active", ONE, TWO);
    for (const kid of [ONE.kid, TWO.kid, THREE.kid]) {
      vi.stubEnv("M2M_KNOWN_KEYS", `test/m/${kid}`);
      expect(declare().signingKey.kid).toBe(TWO.kid);
    }
  });

  it("gives the same JSON in two checkouts of the committed files, one of which has every private half", () => {
    commit("retiring active prepared", ONE, TWO, THREE);
    const here = process.cwd();
    const there = makeProject();
    try {
      cpSync("certs", `${there}/certs`, { recursive: true });
      for (const [key, isStaged] of [[ONE, true] as const, [TWO, false] as const, [THREE, true] as const]) {
        writeKey(key, isStaged);
      }
      const synthesized = () => JSON.stringify(synth(declare().stack)).replaceAll(process.cwd(), "HERE"); // the backend's
      const json = synthesized();
      expect(json).not.toContain("PRIVATE KEY");
      process.chdir(there);
      expect(synthesized()).toBe(json);
      expect(readdirSync("certs").sort()).toEqual(["m-signing.crt", "m-signing.keys.json"]);
    } finally {
      process.chdir(here);
      rmSync(there, { recursive: true });
    }
  });
});

describe("a warning", () => {
  it.each([
    ["retires", "active retiring", "bring it there"],
    ["is revoked", "active revoked", "it is revoked, and the next `m2m up` removes it: bring the active one there"],
    ["is prepared", "active prepared", "bring it there"],
  ])("tells that the key file holds one that %s, and what to do", (_, states, remedy) => {
    commit(states, TWO, ONE);
    writeKey(ONE);
    expect(warnings()).toEqual([`certs/m-signing.key holds another key than the active one, ${TWO.kid}; ${remedy}`]);
  });

  it("is given for a key that waits for its deploy, unless this deploy brings it to the machine", () => {
    commit("active retiring", TWO, ONE);
    writeKey(ONE);
    writeKey(TWO, true);
    expect(warnings()).toEqual([
      `certs/m-signing.key holds another key than the active one, ${TWO.kid}; \`m2m up\` brings it there; after a deploy without m2m, run \`m2m keys activate m\` again`,
    ]);
    for (const [name, value] of Object.entries(DEPLOYS)) vi.stubEnv(name, value);
    expect(warnings()).toEqual([]);
    vi.unstubAllEnvs();
  });

  it("is not given where the key file holds the active one, is encrypted, or is elsewhere", () => {
    commit("retiring active", ONE, TWO);
    expect(warnings()).toEqual([]);
    const path = writeKey(TWO);
    expect(warnings()).toEqual([]);
    const encrypted = { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" } as const;
    writeFileSync(path, ONE.key.export(encrypted));
    expect(warnings()).toEqual([]);
  });

  it("tells of a private half that others may use, of whichever key", () => {
    commit("active prepared", ONE, TWO);
    const path = writeKey(TWO, true);
    chmodSync(path, 0o644);
    expect(warnings()).toEqual([`others than its owner may use ${path} (mode 0644); run \`chmod 600 ${path}\``]);
  });
});

describe("fails", () => {
  it("on a key file with a key that the record does not know", () => {
    commit("active prepared", ONE, TWO);
    writeKey(THREE);
    expect(() => declare()).toThrow(expect.objectContaining({ name: "KeyError", code: "CERTIFICATE_MISMATCH" }));
    expect(messageOf(declare)).toBe(
      `[test/Key] certs/m-signing.key must hold a key of ${RECORD}, got: key ${THREE.kid}, which is not in it; restore the record, bring the machine's key file here, or remove the key file: only signing needs it`,
    );
  });

  it("on a record that is damaged, by its path", () => {
    writeProjectFile(RECORD, "{");
    expect(() => declare()).toThrow(expect.objectContaining({ name: "KeyError", code: "RECORD_CORRUPT" }));
    expect(messageOf(declare)).toMatch(/^\[test\/Key\] .*m-signing\.keys\.json must be JSON; restore it from/);
  });

  it("on a key file that is none, with the record left as it is", () => {
    commit("active prepared", ONE, TWO);
    const before = readFileSync(RECORD, "utf8");
    writeProjectFile("certs/m-signing.key", "no key");
    expect(() => declare()).toThrow(expect.objectContaining({ code: "KEY_CORRUPT" }));
    expect(readFileSync(RECORD, "utf8")).toBe(before);
    expect(parseRecord(before, RECORD).keys).toHaveLength(2);
  });
});
