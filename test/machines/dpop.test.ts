import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { proofTarget, tokenHash } from "../../machines/dpop";

describe("the address of a proof", () => {
  it.each([
    ["https://server.example.com/token", "https://server.example.com/token"],
    ["HTTPS://Server.Example.Com:443/token", "https://server.example.com/token"],
    ["http://server.example.com:80", "http://server.example.com/"],
    ["https://server.example.com:8443/a?b=c#d", "https://server.example.com:8443/a"],
    ["https://server.example.com/a/./b/../%7euser", "https://server.example.com/a/~user"],
    ["https://server.example.com/%c3%a4%2f", "https://server.example.com/%C3%A4%2F"],
    ["https://server.example.com/\u00e4", "https://server.example.com/%C3%A4"],
  ])("%s is spelled %s", (address, spelled) => {
    expect(proofTarget(address)).toBe(spelled);
  });

  it.each(["", "server.example.com", "/token", "https://", "https://a b/"])("%j is none", (address) => {
    expect(proofTarget(address)).toBeUndefined();
  });

  it("has one spelling, which is its own", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (address) => {
        const once = proofTarget(address)!;
        expect(proofTarget(once)).toBe(once);
      }),
    );
  });
});

// The values are those of RFC 9449 section 7.1.
it("the hash of a token is that of the example", () => {
  const token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
  expect(tokenHash(token)).toBe("fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
});
