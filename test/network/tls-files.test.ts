import { execFileSync } from "node:child_process";
import { afterAll, describe, expect, it } from "vitest";
import { readTlsFiles, type TlsFileNames } from "../../network/tls-files";
import { testFolder } from "../machines/issuer-fixture";
import { testAuthority } from "../machines/test-certificates";

const folder = testFolder();
afterAll(() => folder.remove());
const ca = testAuthority(folder.path);
const one = ca.issue("one");
const other = ca.issue("other");
const caFile = ca.file;
const { certificateFile, keyFile } = one;

function encrypted(): string {
  const out = folder.path("encrypted.key");
  execFileSync("openssl", ["pkey", "-in", keyFile, "-aes256", "-passout", "pass:secret", "-out", out]);
  return out;
}
function short(): TlsFileNames {
  const [out, keyout] = [folder.path("short.crt"), folder.path("short.key")];
  const make = ["req", "-x509", "-newkey", "rsa:512", "-nodes", "-subj", "/CN=short"];
  execFileSync("openssl", [...make, "-keyout", keyout, "-out", out], { stdio: "pipe" });
  return { certificateFile: out, keyFile: keyout };
}
const half = (text: string) => text.slice(0, text.length / 2);

describe("the files of TLS", () => {
  it("are read: CAs, a pair, both or none", () => {
    expect(readTlsFiles({})).toEqual({});
    expect(readTlsFiles({ caFile })).toEqual({ ca: ca.cert });
    const { key, ...rest } = readTlsFiles({ caFile, certificateFile, keyFile });
    expect(rest).toEqual({ ca: ca.cert, cert: one.cert });
    expect(key).toContain("PRIVATE KEY");
  });

  it("may have the chain after the certificate, and words around", () => {
    const chain = folder.write("chain.crt", `subject=one\n${one.cert}\nissuer\n${ca.cert}`);
    expect(readTlsFiles({ certificateFile: chain, keyFile }).cert).toContain("issuer");
  });

  const wrong: [string, () => TlsFileNames, string][] = [
    [
      "a CA file that is missing",
      () => ({ caFile: "/missing.pem" }),
      "`tls.caFile` /missing.pem cannot be read (ENOENT)",
    ],
    ["a CA file that is a device", () => ({ caFile: "/dev/zero" }), "cannot be read (a device)"],
    [
      "a CA file without certificates",
      () => ({ caFile: keyFile }),
      "must hold certificates in PEM, got: no certificate",
    ],
    ["a CA file that is empty", () => ({ caFile: folder.write("empty", "") }), "got: an empty file"],
    [
      "half a CA file",
      () => ({ caFile: folder.write("half-ca", `${ca.cert}${half(ca.cert)}`) }),
      "got: a certificate without its end; write the file anew",
    ],
    [
      "a damaged certificate",
      () => ({ caFile: folder.write("bad-ca", ca.cert.replace(/^MII../m, "MIIZZ")) }),
      "got: a certificate that cannot be parsed",
    ],
    ["a key as certificate", () => ({ certificateFile: keyFile, keyFile }), "`tls.certificateFile` "],
    ["a certificate as key", () => ({ certificateFile, keyFile: certificateFile }), "got: no private key in PEM"],
    ["half a key", () => ({ certificateFile, keyFile: folder.write("half.key", half(one.key)) }), "or half of one"],
    ["an encrypted key", () => ({ certificateFile, keyFile: encrypted() }), "decrypt it: openssl pkey -in FILE"],
    ["a key that is too short", short, "got: one that OpenSSL refuses (ERR_SSL_EE_KEY_TOO_SMALL); write"],
    ["the key of another", () => ({ certificateFile, keyFile: other.keyFile }), "got: one of another key; give files"],
    [
      "a chain that begins with the CA",
      () => ({ certificateFile: folder.write("turned.crt", `${ca.cert}${one.cert}`), keyFile }),
      "must begin with the certificate of the key",
    ],
  ];
  it.each(wrong)("are refused with the reason: %s", (_what, names, message) => {
    const read = () => readTlsFiles(names());
    expect(read).toThrow(message);
    expect(read).not.toThrow(/MII|BEGIN/);
  });
});
