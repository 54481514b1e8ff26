import type { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { certificatesIn } from "../../../constructs/certificates/chain";
import { trustStore } from "../../../constructs/certificates/trust-store";
import { caOf, openssl } from "./made";

/** What `openssl pkcs12` reads of a store: a listing on stderr is of no use, so the certificates and their attributes. */
const listed = (store: Buffer) => openssl(["pkcs12", "-info", "-nomacver", "-passin", "pass:public"], store);
const prints = (all: readonly X509Certificate[]) => all.map((one) => one.fingerprint256);

describe("a trust store", () => {
  const cas = [caOf("one").certificate, caOf("two").certificate];

  it("holds each CA by a name of its own, and says that Java may trust it", () => {
    const text = listed(trustStore(cas));
    expect(prints(certificatesIn(text, "store"))).toEqual(prints(cas));
    expect(text.match(/friendlyName: ca[12]/g)).toEqual(["friendlyName: ca1", "friendlyName: ca2"]);
    // openssl 3.0 knows the attribute by its number alone.
    expect(text.match(/^ +(2\.16\.840\.1\.113894\.746875\.1\.1|Trusted key usage.*): /gm)).toHaveLength(2);
  });

  it("of the same CAs has the same bytes, and of others has others", () => {
    expect(trustStore(cas).equals(trustStore([...cas]))).toBe(true);
    expect(trustStore(cas).equals(trustStore(cas.slice(1)))).toBe(false);
  });

  it("holds a certificate as it is, whatever its encoding", () => {
    const store = trustStore(cas);
    for (const { raw } of cas) expect(store.includes(raw)).toBe(true);
    // Its lengths are longer than they need be, which only BER allows and some old CAs have.
    const raw = Buffer.concat([Buffer.from([0x30, 0x83, 0]), cas[0]!.raw.subarray(2)]);
    const odd = { raw } as X509Certificate;
    expect(trustStore([odd]).includes(raw)).toBe(true);
  });
});
