import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SigningKeyPair } from "../../../constructs";
import { readPrivateKeyFile } from "../../../constructs/keys/private-key";
import { selfSign } from "../../../constructs/keys/self-sign";
import { loadSigningKey, signingKeyFromVariable } from "../../../machines/signing/signing-key";
import { ecPair, ed25519Pair, rsaPair } from "../../generated-key";
import { pemBlock } from "../../pem";
import { inTemporaryProject, messageOf, newStack } from "../project";

inTemporaryProject();

const { privateKey, publicKey } = ecPair();
const rsa = rsaPair().privateKey;
const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const der = privateKey.export({ type: "pkcs8", format: "der" });
const certificate = selfSign(privateKey, "a", 5);
const certificateDer = Buffer.from(certificate.replaceAll(/-----.*-----|\s/g, ""), "base64");
const openssl = (input: string | Buffer, ...args: string[]) => execFileSync("openssl", args, { input, stdio: "pipe" });

/** What people have in place of PEM, and how an error names it. */
const FORMS: Record<string, [content: () => string | Buffer, words: RegExp]> = {
  "DER, PKCS#8": [() => der, /a private key in DER; convert it: (.*)/],
  "DER, PKCS#1": [() => rsa.export({ type: "pkcs1", format: "der" }), /a private key in DER; convert it: (.*)/],
  "DER, SEC1": [() => privateKey.export({ type: "sec1", format: "der" }), /a private key in DER; convert it: (.*)/],
  JWK: [() => JSON.stringify(privateKey.export({ format: "jwk" })), /a private key as a JWK; convert it: (.*)/],
  "public JWK": [() => JSON.stringify(publicKey.export({ format: "jwk" })), /a public key as a JWK/],
  "JWK set": [() => JSON.stringify({ keys: [] }), /a JWK set; take the one key/],
  "shared secret": [() => '{"kty":"oct","k":"AA"}', /a shared secret as a JWK/],
  "other JSON": [() => '{"private_key":"x"}', /JSON that is no JWK/],
  "PKCS#12": [
    () => openssl(pem + certificate, "pkcs12", "-export", "-passout", "pass:x"),
    /a PKCS#12 store; take the key out of it: (.*)/,
  ],
  JKS: [() => Buffer.from("feedfeed00000002", "hex"), /a Java keystore \(JKS\); convert it: keytool/],
  "encrypted DER": [
    () => openssl(pem, "pkcs8", "-topk8", "-outform", "DER", "-passout", "pass:x"),
    /an encrypted private key in DER; convert it: (.*)/,
  ],
  "certificate in DER": [() => certificateDer, /a certificate in DER/],
  "public key in DER": [() => publicKey.export({ type: "spki", format: "der" }), /a public key in DER/],
  "PEM in base64": [() => Buffer.from(pem).toString("base64"), /PEM in base64; decode it: (.*)/],
  "DER in base64": [
    () => der.toString("base64"),
    /a private key in DER, in base64 without the lines of PEM; decode it/,
  ],
  OpenSSH: [
    () => pemBlock("OPENSSH PRIVATE KEY", "b3BlbnNzaC1rZXk="),
    /a private key of OpenSSH; convert it: ssh-keygen/,
  ],
  PuTTY: [() => "PuTTY-User-Key-File-3: ssh-ed25519\n", /a key of PuTTY/],
  PGP: [() => pemBlock("PGP PRIVATE KEY BLOCK", "xVgE"), /a key of PGP/],
  "UTF-16": [() => Buffer.from(`\ufeff${pem}`, "utf16le"), /text in UTF-16; write it in UTF-8: (.*)/],
  empty: [() => " \n", /an empty file/],
};

describe("what is no private key in PEM", () => {
  it.each(Object.entries(FORMS))("is named: %s", (_, [content, words]) => {
    writeFileSync("a.key", content());
    for (const read of [() => loadSigningKey("a.key"), () => readPrivateKeyFile("a.key", undefined)]) {
      const message = messageOf(read);
      expect(message).toMatch(words);
      expect(message).not.toContain("damaged");
      expect(message).not.toContain(der.toString("base64").slice(0, 12));
    }
  });

  const converted = Object.entries(FORMS).filter(([, [, words]]) => words.source.includes("(.*)"));
  it.each(converted)("is a key after the command that is named: %s", (_, [content, words]) => {
    writeFileSync("a.key", content());
    const command = words.exec(messageOf(() => loadSigningKey("a.key")))![1]!.replaceAll("FILE", "a.key");
    const given = command
      .replace("pkcs12", "pkcs12 -passin pass:x")
      .replace("-topk8", "-topk8 -passin pass:x -passout pass:x");
    const out = execFileSync("sh", ["-c", given], { stdio: "pipe" });
    const key = given.includes("-out ") ? readFileSync("a.key.pem", "utf8") : out.toString();
    writeFileSync("b.key", key);
    expect(loadSigningKey("b.key", { passphrase: "x" }).kid).toMatch(/^[\w-]{43}$/);
  });

  it("is named as a certificate too", () => {
    for (const [content, words] of [
      [certificateDer, /binary data; convert DER \(openssl x509 -inform DER/],
      [certificateDer.toString("base64"), /a certificate in DER, in base64/],
      [FORMS.JWK![0](), /a private key as a JWK/],
    ] as const) {
      writeFileSync("a.crt", content);
      expect(() => SigningKeyPair.fromCertificateFile(newStack(), "K", "a.crt")).toThrow(words);
    }
  });
});

describe("a key that is called damaged", () => {
  const body = (text: string) => text.replaceAll(/-----.*-----|\n/g, "");
  it.each([
    ["cut off", pem.replace(body(pem).slice(-40), "")],
    ["with other characters", pem.replace("M", "*")],
    [
      "with bytes changed",
      pemBlock("PRIVATE KEY", Buffer.from(der.map((byte, at) => (at === 1 ? byte + 3 : byte))).toString("base64")),
    ],
  ])("is damaged: %s", (_, content) => {
    writeFileSync("a.key", content);
    expect(() => loadSigningKey("a.key")).toThrow("a damaged key");
  });

  it("is none of a kind that OpenSSL does not know", () => {
    // Ed25519 with the last number of its object identifier changed (1.3.101.112 to .99).
    const other = ed25519Pair()
      .privateKey.export({ type: "pkcs8", format: "der" })
      .toString("hex")
      .replace("2b6570", "2b6563");
    writeFileSync("a.key", pemBlock("PRIVATE KEY", Buffer.from(other, "hex").toString("base64")));
    const message = messageOf(() => loadSigningKey("a.key"));
    expect(message).toMatch(/got: a key of a kind that this OpenSSL \(3[\d.+\w]*\) does not know$/);
  });
});

describe("signingKeyFromVariable", () => {
  it.each([
    ["as it is", pem],
    ["with line ends as two characters", pem.replaceAll("\n", "\\n")],
    ["with those of Windows", pem.replaceAll("\n", "\\r\\n")],
    ["in quotes", `"${pem.replaceAll("\n", "\\n")}"`],
  ])("reads PEM from a variable: %s", (_, text) => {
    const key = signingKeyFromVariable("KEY", { env: { KEY: text } });
    expect(key).toMatchObject({ algorithm: "ES256", kid: expect.stringMatching(/^[\w-]{43}$/) });
    writeFileSync("a.key", text);
    expect(loadSigningKey("a.key").kid).toBe(key.kid);
  });

  it("takes algorithm and passphrase as a file does", () => {
    const text = rsa.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }).toString();
    const env = { KEY: text };
    expect(signingKeyFromVariable("KEY", { env, algorithm: "PS256", passphrase: "x" }).algorithm).toBe("PS256");
    expect(() => signingKeyFromVariable("KEY", { env })).toThrow(
      "the environment variable KEY must hold a PEM private",
    );
  });

  it("fails on a variable that is not set, is empty, or holds a path, and on a key in place of a name", () => {
    for (const [env, got] of [
      [{}, "not set"],
      [{ KEY: "" }, "empty"],
    ] as const) {
      expect(() => signingKeyFromVariable("KEY", { env })).toThrow(
        expect.objectContaining({
          code: "ERR_KEY_UNREADABLE",
          message: `the environment variable KEY cannot be read (${got}); put the PEM text of the private key there`,
        }),
      );
    }
    expect(() => signingKeyFromVariable("KEY", { env: { KEY: "certs/a.key" } })).toThrow(/got: no PEM$/);
    expect(messageOf(() => signingKeyFromVariable(pem, { env: {} }))).not.toContain("MI");
  });
});
