import { X509Certificate } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SigningKeyPair } from "../../../constructs";
import { readCertificate } from "../../../constructs/keys/certificate";
import { leafOf } from "../../../constructs/keys/leaf";
import { keyIdOf } from "../../../machines/signing/key-id";
import { readNewKey } from "../../../tools/keys/choices";
import { algorithmOfNext } from "../../../tools/keys/new-key";
import { ecPair } from "../../generated-key";
import { inTemporaryProject, newStack, writeProjectFile } from "../project";
import { certificateChain } from "./certificate-chain";

inTemporaryProject();

const chain = certificateChain("root", "intermediate", "billing");
const leaf = chain[2]!;
const kid = keyIdOf(leaf);
const [stranger] = certificateChain("stranger");
const privateKey = ecPair().privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** As `keytool -list -rfc` prints an entry. */
const listing = (certificates: readonly string[]) =>
  [
    "Keystore type: PKCS12\n\nYour keystore contains 1 entry\n\nAlias name: billing\nEntry type: PrivateKeyEntry",
    ...certificates.map((pem, index) => `Certificate[${index + 1}]:\n${pem}`),
    "\n*******************************************\n",
  ].join("\n");

describe("the certificate that is meant", () => {
  it("is the one that issued none of the others, in whatever order and company", () => {
    const parts = fc.integer({ min: 0, max: 2 }).chain((from) => {
      const bundle = chain.slice(from);
      return fc.tuple(
        fc.shuffledSubarray([...bundle, leaf, privateKey], { minLength: bundle.length + 2 }),
        fc.constantFrom(
          (all: string[]) => all.join(""),
          listing,
          (all: string[]) => all.join("").replaceAll("\n", "\r\n"),
        ),
      );
    });
    fc.assert(
      fc.property(parts, ([bundle, write]) => {
        const text = write(bundle);
        expect(new X509Certificate(leaf).raw.equals(leafOf(text).raw)).toBe(true);
        if (!text.includes("PRIVATE KEY")) expect(keyIdOf(text)).toBe(kid);
      }),
      { numRuns: 60 },
    );
  });

  it("is the only one, even if it is a CA's", () => {
    expect(readCertificate(chain[0]!, "x").kid).toBe(keyIdOf(chain[0]!));
  });

  it.each([
    ["a root-first bundle", chain.join("")],
    ["a listing of keytool", listing([...chain].reverse())],
  ])("is taken out of %s wherever a certificate is read", (_, text) => {
    writeProjectFile("bundle.pem", text);
    expect(SigningKeyPair.fromCertificateFile(newStack(), "K", "bundle.pem").kid).toBe(kid);
    writeProjectFile("certs/a-signing.crt", text);
    expect(new SigningKeyPair(newStack(), "K", { name: "a", algorithm: "ES256" }).kid).toBe(kid);
    const { certificate } = readNewKey({ certificate: "bundle.pem" }, ["a"]);
    const record = { version: 1, keys: [{ state: "active", algorithm: "RS256" }] };
    expect(algorithmOfNext({ record } as never, { certificate })).toBe("ES256");
    expect(readCertificate(certificate!.pem, "x").pem).toBe(leaf);
  });

  it.each([
    ["two that have nothing to do with each other", [leaf, stranger], "2 certificates, none of which issued another"],
    ["a list of trusted CAs", [stranger, chain[0]], "O=Example, CN=stranger; O=Example, CN=root"],
    ["very many", Array.from({ length: 21 }, () => leaf), "21 certificates"],
  ])("cannot be told of %s", (_, certificates, text) => {
    writeProjectFile("bundle.pem", certificates.join(""));
    expect(() => SigningKeyPair.fromCertificateFile(newStack(), "K", "bundle.pem")).toThrow(
      expect.objectContaining({
        code: "CERTIFICATE_AMBIGUOUS",
        message: expect.stringMatching(/^\[test\/K\] bundle.pem must hold one certificate, and beside it only/),
      }),
    );
    expect(() => leafOf(certificates.join(""))).toThrow(text);
    expect(() => keyIdOf(certificates.join(""))).toThrow(expect.objectContaining({ code: "ERR_KEY_FORMAT" }));
  });
});
