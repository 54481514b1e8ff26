import { writeFileSync } from "node:fs";
import { isIPv6 } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isFor } from "../../../constructs/certificates/fit";
import { authorityExtensions, leafExtensions } from "../../../constructs/certificates/profiles";
import { inTemporaryProject } from "../project";
import { caOf, leafBy, openssl } from "./made";

const RUNS = { numRuns: 15 * Number(process.env.M2M_TEST_RUNS ?? 1) };

const root = caOf("root");
const withAddresses = (...addresses: string[]) =>
  leafBy(root, { extensions: leafExtensions("server", [], addresses) }).certificate;

/** Each address of a certificate, as openssl reads it from the bytes: all groups, without leading zeros. */
function addressesIn(certificate: ReturnType<typeof withAddresses>): string[] {
  const text = openssl(["x509", "-noout", "-ext", "subjectAltName"], certificate.toString());
  return [...text.matchAll(/IP Address:([\dA-F:.]+)/gi)].map(([, address]) => address!.toLowerCase());
}

describe("an address in a certificate", () => {
  const forms: [string, string][] = [
    ["::", "0:0:0:0:0:0:0:0"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["1::", "1:0:0:0:0:0:0:0"],
    ["fe80::1:2", "fe80:0:0:0:0:0:1:2"],
    ["::ffff:192.0.2.1", "0:0:0:0:0:ffff:c000:201"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
    ["2001:DB8::A", "2001:db8:0:0:0:0:0:a"],
    ["0.0.0.0", "0.0.0.0"],
    ["255.254.1.0", "255.254.1.0"],
  ];
  it.each(forms)("%s has the bytes that openssl knows it by", (address, printed) => {
    expect(addressesIn(withAddresses(address))).toEqual([printed]);
  });

  it("is the one that was given, whichever that is", () => {
    const property = fc.property(fc.oneof(fc.ipV4(), fc.ipV6().filter(isIPv6)), (address) => {
      const leaf = withAddresses(address);
      expect(isFor(leaf, address), address).toBe(true); // OpenSSL reads the address by itself
      expect(addressesIn(leaf)).toHaveLength(1);
    });
    fc.assert(property, RUNS);
  });

  it("and a name stand once, however often and in which spelling they are given", () => {
    expect(addressesIn(withAddresses("::1", "0:0::1", "127.0.0.1", "127.0.0.1"))).toHaveLength(2);
    const extensions = leafExtensions("server", ["localhost", "localhost"], []);
    expect(leafBy(root, { extensions }).certificate.subjectAltName).toBe("DNS:localhost");
  });
});

describe("a CA that is limited to names", () => {
  inTemporaryProject();

  const limited = caOf("limited", { extensions: authorityExtensions(0, ["example.org"]) });
  const verified = (dnsNames: string[], name?: string) => {
    const usage = dnsNames.length > 0 ? "server" : "client";
    writeFileSync("leaf.crt", leafBy(limited, { extensions: leafExtensions(usage, dnsNames, []) }, name).pem);
    writeFileSync("ca.crt", limited.pem);
    return openssl(["verify", "-x509_strict", "-CAfile", "ca.crt", "leaf.crt"]);
  };

  it("permits a name, all below it, and a star below it", () => {
    expect(verified(["example.org", "a.example.org", "*.b.example.org"])).toContain("OK");
    expect(verified(["notexample.org"])).toContain("permitted subtree violation");
  });

  it("permits clients, who have a common name alone, unless it looks like the name of another host", () => {
    expect(verified([], "press")).toContain("OK");
    expect(verified([], "press.example.org")).toContain("OK");
    expect(verified([], "press.example.com")).toContain("permitted subtree violation");
  });
});
