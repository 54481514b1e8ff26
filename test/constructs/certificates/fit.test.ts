import { X509Certificate } from "node:crypto";
import { pki } from "node-forge";
import { describe, expect, it } from "vitest";
import { type Declared, isFor, misfit } from "../../../constructs/certificates/fit";
import { leafExtensions, type TlsUsage } from "../../../constructs/certificates/profiles";
import { oid, sequence } from "../../../constructs/keys/asn1";
import { commonNameOf } from "../../../constructs/keys/common-name";
import { extension } from "../../../constructs/keys/sign-certificate";
import { caOf, leafBy, openssl } from "./made";

const root = caOf("root");
const withNames = (dnsNames: string[], ipAddresses: string[] = [], usage: TlsUsage = "server") =>
  leafBy(root, { extensions: leafExtensions(usage, dnsNames, ipAddresses) }).certificate;
const problemOf = (leaf: ReturnType<typeof withNames>, declared: Partial<Declared> = {}) =>
  misfit({ leaf, above: [] }, { usage: "server", hosts: [], roots: [root.certificate], ...declared });

describe("a certificate is for", () => {
  const leaf = withNames(["api.example.org", "*.Apps.example.org", "Upper"], ["10.0.0.1", "::ffff:192.0.2.1", "::"]);

  it.each([
    "api.example.org",
    "API.example.org",
    "upper",
    "UPPER",
    "one.apps.example.org",
    "*.apps.example.org",
    "10.0.0.1",
    "::ffff:192.0.2.1",
    "::ffff:c000:201",
    "0:0:0:0:0:0:0:0",
  ])("%s", (host) => expect(isFor(leaf, host)).toBe(true));

  it.each([
    ["the start of one of its names", "api"],
    ["the end of one", "example.org"],
    ["another star", "*.example.org"],
    ["two parts for a star", "one.two.apps.example.org"],
    ["none for it", "apps.example.org"],
    ["another address", "10.0.0.2"],
    ["the IPv4 address of a mapped one", "192.0.2.1"],
  ])("not for %s", (_what, host) => expect(isFor(leaf, host)).toBe(false));

  it("nobody by its common name alone", () => {
    const bare = leafBy(root, { extensions: [] }, "api.example.org").certificate;
    expect(isFor(bare, "api.example.org")).toBe(false);
    expect(commonNameOf(bare)).toBe("api.example.org");
  });
});

describe("a certificate fits its declaration", () => {
  it("if it has no extended key usage, which stands for any", () => {
    expect(problemOf(leafBy(root, { extensions: [] }).certificate)).toBeUndefined();
  });

  it.each<[string, TlsUsage, TlsUsage, string | undefined]>([
    ["a server's", "server", "server", undefined],
    ["a peer's as a client's", "peer", "client", undefined],
    ["a server's as a client's", "server", "client", "be for clients (clientAuth)"],
    ["a client's as a server's", "client", "server", "be for servers (serverAuth)"],
    ["a server's as a peer's", "server", "peer", "be for clients (clientAuth)"],
  ])("by its purposes: %s", (_what, is, usage, problem) => {
    const got = problemOf(withNames([], [], is), { usage });
    if (problem === undefined) expect(got).toBeUndefined();
    else expect(got).toContain(problem);
  });

  it("not for any purpose, which OpenSSL does not take for TLS", () => {
    const any = [extension(pki.oids.extKeyUsage!, sequence(oid("2.5.29.37.0")))];
    expect(problemOf(leafBy(root, { extensions: any }).certificate)).toContain("be for servers");
  });

  it("not if it is a CA's, of another CA, or of other names", () => {
    expect(problemOf(caOf("ca", { by: root }).certificate)).toContain(
      "be one of a server or machine, got: that of a CA",
    );
    const other = { roots: [caOf("root").certificate] };
    expect(problemOf(withNames(["a"]), other)).toContain("be issued by its `authority`");
    expect(problemOf(withNames(["a.b"]), { hosts: ["a", "a.b"] })).toBe("be for a, got: DNS:a.b");
    expect(problemOf(withNames([]), { commonName: "press" })).toBe("have the common name press, got: leaf");
  });

  it("and one without any name is told so", () => {
    const command = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj / -keyout /dev/null -days 1";
    const nameless = openssl([...command.split(" "), "-addext", "basicConstraints=CA:FALSE"]);
    expect(problemOf(new X509Certificate(nameless))).toContain("got: no name, issued by no name");
  });
});
