import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoted, redact, shown, shownPath } from "../../../constructs/keys/shown";
import { pemBegin, pemBlock } from "../../pem";
import { keyTexts, leakOf } from "./key-encodings";

const token = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJtYWNoaW5lLWEifQ.c2lnbmF0dXJl";

describe("shown", () => {
  it.each([
    "certs/machine-a-signing.key",
    "/run/secrets/signing.key",
    "/home/runner/work/_temp/3f2a9c1b/e2e-RS256-key.pem",
    "/tmp/m2m-test-a1B2c3/certs/RS256-ES384-PS512.key",
    "/var/lib/kubelet/pods/3f2504e0-4f89-11d3-9a0c-0305e82c3301/volumes/kubernetes.io~secret/key/tls.key",
    "/Users/JohnDoe/Projects/MyKeycloakProject2026/certs/Machine-A-Signing.key",
    "/tmp/vitest-Xy12Zq/project/certs/machine-a-signing.EPpphzqV.key",
    "C:\\Users\\Me\\AppData\\Local\\Temp\\m2m-a1B2c3\\certs\\machine.key",
    "certs/Schlüssel der Maschine für den Betrieb.key",
    "https://sso.example.org/realms/sjwt-example",
    "keycloak:8080=127.0.0.1:18080",
    "quay.io/keycloak/keycloak:26.4",
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "projects/p1/locations/europe-west1/keyRings/MyRing1/cryptoKeys/Key1/cryptoKeyVersions/1",
    "a".repeat(64),
    "",
  ])("shows what can be a path, a name or an address: %s", (text) => {
    expect(shown(text)).toBe(text);
    expect(quoted(text)).toBe(JSON.stringify(text));
    expect(redact(`${text} cannot be read`)).toBe(`${text} cannot be read`);
  });

  it("shows no part of a key, in whatever encoding and place", () => {
    const check = fc.property(keyTexts, (given) => {
      for (const show of [shown, quoted, shownPath, (text: string) => quoted([text, "x"])]) {
        expect(leakOf(given, show(given.text)), given.encoding).toBeUndefined();
      }
    });
    fc.assert(check, { numRuns: 500 });
  });

  it("tells the kind and the length instead", () => {
    expect(shown(pemBlock("PRIVATE KEY", "MII"))).toMatch(
      /^\(a PEM text of \d+ characters, not shown: it may be a key\)$/,
    );
    expect(shown('{"kty":"OKP","d":"x"}')).toBe("(a JSON text of 21 characters, not shown: it may be a key)");
    expect(shown("x".repeat(256))).toBe("(a text of 256 characters, not shown: it may be a key)");
  });

  it("shows no content of what is no text", () => {
    expect(shown(Buffer.from("secret"))).toBe("an object (Buffer)");
    expect(shown({ d: "secret" })).toBe("an object (Object)");
    expect(shown(() => "secret")).toBe("a function");
    expect([shown(undefined), shown(null), shown(1.5)]).toEqual(["undefined", "null", "1.5"]);
  });
});

describe("redact", () => {
  it("takes out tokens and PEM and leaves addresses alone", () => {
    expect(redact(`a ${token} b`)).toBe("a [jwt] b");
    expect(redact(`x ${pemBlock("PRIVATE KEY", "MIIE")} y`)).toBe("x [pem] y");
    expect(redact(`x ${pemBegin("PRIVATE KEY")}MIIE`)).toBe("x [pem]");
    const address = "http://keycloak.a-long-name.example:8080/realms/sjwt-example";
    expect(redact(address)).toBe(address);
  });

  it("takes out the private members of a JWK and long keys in base64, and leaves checksums and key ids", () => {
    expect(redact('"kty":"EC","d":"sEcReT-1_","x":"a"')).toBe('"kty":"EC","d":"[key]","x":"a"');
    const key = Buffer.from(Array.from({ length: 90 }, (_, at) => (at * 151 + 7) % 256)).toString("base64");
    expect(redact(`open '${key}'`)).toBe("open '[key]'");
    const kept = `sha256 ${"0123456789abcdef".repeat(4)}, kid EPpphzqVwJCUEBrvl0e_XwjUchREOb5-UofFWoy7A04`;
    expect(redact(kept)).toBe(kept);
  });

  it("removes a token after any text, and is quick with a long text", () => {
    expect(redact("at tok_eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln and %3DeyJhbGciOiJSUzI1NiJ9.e30.x")).not.toContain(
      "eyJ",
    );
    const begun = performance.now();
    redact("a".repeat(200_000));
    expect(performance.now() - begun).toBeLessThan(1000);
  });
});
