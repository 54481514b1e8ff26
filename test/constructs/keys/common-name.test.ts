import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { commonNameOf } from "../../../constructs/keys/common-name";
import { parseCallerCertificates } from "../../../machines/machine-b/certificate-settings";
import { testFolder } from "../../machines/issuer-fixture";
import { testAuthority } from "../../machines/test-certificates";

const folder = testFolder();
const ca = testAuthority(folder.path);
afterAll(() => folder.remove());

describe("the common name", () => {
  const names: [string, string, string | undefined][] = [
    ["of its own", "/CN=machine-a", "machine-a"],
    ["among others", "/O=Example/CN=machine-a/OU=x", "machine-a"],
    ["with signs that names escape", '/CN=a\\, \\+ b; "c" <d> #e = \\\\f', 'a, + b; "c" <d> #e = \\f'],
    ["that looks like two", "/CN=a \\+ CN=b", "a + CN=b"],
    ["with a sign in front", "/CN=#a ", "#a "],
    ["in another script", "/CN=gerät-ü", "gerät-ü"],
    ["that is missing", "/O=machine-a", undefined],
    ["that is there twice", "/CN=machine-a/CN=machine-b", undefined],
    ["that shares its part", "/CN=machine-a+O=Example", undefined],
    ["in a part with another", "/O=Example+CN=machine-a", undefined],
    ["in the text of another part", "/O=CN=machine-a", undefined],
  ];
  it.each(names)("%s", (_what, subject, name) => {
    const { der, cert } = ca.issue("named", { subject });
    expect(commonNameOf(der)).toBe(name);
    expect(commonNameOf(new X509Certificate(cert))).toBe(name);
  });

  it("with a line end shows as it is, and makes no second name", () => {
    const config = folder.path("line.cnf");
    writeFileSync(config, "[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nO=x\\nCN=machine-a\nCN=real\\n\\tname\n");
    const [out, keyout] = [folder.path("line.crt"), folder.path("line.key")];
    const make = ["req", "-x509", "-config", config, "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    execFileSync("openssl", [...make, "-keyout", keyout, "-out", out], { stdio: "pipe" });
    expect(commonNameOf(new X509Certificate(readFileSync(out)).raw)).toBe("real\n\tname");
  });

  it("of no certificate is none", () => {
    expect(commonNameOf(Buffer.from("CN=machine-a"))).toBeUndefined();
  });
});

it("is the same where a container is told it and where machine-b reads it", () => {
  for (const name of ["machine-a", 'a + b; "c" <d> #e = \\f', "gerät-ü", "50% = x"]) {
    const subject = `/CN=${name.replaceAll(/[\\+,/]/g, "\\$&")}`;
    const told = commonNameOf(ca.issue("told", { subject }).der);
    expect(told).toBe(name);
    const list = parseCallerCertificates(`${encodeURIComponent("a,b=c%")}=${told}`, "required");
    expect(list).toEqual({ "a,b=c%": name });
  }
});
