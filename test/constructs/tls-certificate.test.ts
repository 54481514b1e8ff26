import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { describe, expect, it, vi } from "vitest";
import {
  CertificateAuthority,
  type CertificateAuthorityProps,
  type ICertificateAuthority,
  KeyError,
  TlsCertificate,
  type TlsCertificateProps,
} from "../../constructs";
import { captureNotices, inTemporaryProject, manifestOf, messageOf, newStack, synth } from "./project";

inTemporaryProject();

let at = 0;
/** A stack, and constructs in it with ids of their own. */
function declarations() {
  captureNotices();
  const stack = newStack();
  const next = () => `C${at++}`;
  return {
    stack,
    ca: (props: Partial<CertificateAuthorityProps> = {}) =>
      new CertificateAuthority(stack, next(), { name: "ca", ...props }),
    tls: (authority: ICertificateAuthority, props: Partial<TlsCertificateProps> = {}) =>
      new TlsCertificate(stack, next(), { authority, name: "api", usage: "server", ...props }),
  };
}

function openssl(...args: string[]): string {
  try {
    return execFileSync("openssl", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return `${stdout}${stderr}`;
  }
}

const verify = (purpose: string, file: string, ...more: string[]) =>
  openssl(
    "verify",
    "-x509_strict",
    "-purpose",
    purpose,
    "-CAfile",
    "certs/ca.trust.crt",
    ...more,
    "-untrusted",
    file,
    file,
  );

const text = (file: string) => openssl("x509", "-in", file, "-noout", "-text");
const read = (file: string) => readFileSync(file, "utf8");

describe("a first synthesis", () => {
  it("makes a CA and certificates that openssl accepts for what they are for, and for nothing else", () => {
    const { ca, tls } = declarations();
    const authority = ca();
    tls(authority);
    tls(authority, { name: "caller", usage: "client" });
    tls(authority, { name: "both", usage: "peer" });
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("OK");
    expect(verify("sslserver", "certs/both-tls.crt")).toContain("OK");
    expect(verify("sslclient", "certs/both-tls.crt")).toContain("OK");
    expect(verify("sslclient", "certs/caller-tls.crt")).toContain("OK");
    expect(verify("sslclient", "certs/api-tls.crt")).toMatch(
      /unsuitable certificate purpose|unsupported certificate purpose/,
    );
    expect(verify("sslserver", "certs/caller-tls.crt")).toMatch(
      /unsuitable certificate purpose|unsupported certificate purpose/,
    );
  });

  it("names what callers reach a server by", () => {
    const { ca, tls } = declarations();
    tls(ca(), { dnsNames: ["api", "*.example.org"], ipAddresses: ["10.1.2.3", "fe80::1:2"] });
    for (const host of ["api", "a.example.org"]) {
      expect(verify("sslserver", "certs/api-tls.crt", "-verify_hostname", host), host).toContain("OK");
    }
    for (const ip of ["10.1.2.3", "fe80::1:2"]) {
      expect(verify("sslserver", "certs/api-tls.crt", "-verify_ip", ip), ip).toContain("OK");
    }
    expect(verify("sslserver", "certs/api-tls.crt", "-verify_hostname", "localhost")).toContain("mismatch");
  });

  it("keeps private keys to their owner, and out of the JSON", () => {
    const { ca, tls, stack } = declarations();
    tls(ca());
    for (const file of ["certs/ca.key", "certs/api-tls.key"]) {
      expect(statSync(file).mode & 0o777, file).toBe(0o600);
      const bytes = read(file).split("\n")[1]!;
      expect(JSON.stringify(synth(stack))).not.toContain(bytes);
    }
  });

  it("makes nothing a second time, and nothing but certificates is needed for the same JSON", () => {
    const first = declarations();
    first.tls(first.ca());
    const json = JSON.stringify(synth(first.stack));
    const before = read("certs/api-tls.crt") + read("certs/ca.crt");
    rmSync("certs/ca.key");
    rmSync("certs/api-tls.key");
    vi.stubEnv("CI", "true");
    at -= 2;
    const second = declarations();
    second.tls(second.ca());
    expect(JSON.stringify(synth(second.stack))).toBe(json);
    expect(read("certs/api-tls.crt") + read("certs/ca.crt")).toBe(before);
  });

  it("makes no key where CI is set, and says what to do", () => {
    vi.stubEnv("CI", "true");
    const { ca } = declarations();
    expect(messageOf(() => ca())).toMatch(/certs\/ca\.crt does not exist and no key is made here: CI is set/);
    expect(existsSync("certs/ca.key")).toBe(false);
  });

  it.each(["P-384", "RSA-2048", "RSA-3072"] as const)("makes keys of %s", (keyAlgorithm) => {
    const { ca, tls } = declarations();
    tls(ca({ keyAlgorithm }), { keyAlgorithm });
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("OK");
    expect(text("certs/api-tls.crt")).toContain(
      { "P-384": "384 bit", "RSA-2048": "2048 bit", "RSA-3072": "3072 bit" }[keyAlgorithm],
    );
  });

  it("is of use at once where a clock is a little behind, and outlives no CA", () => {
    const { ca, tls } = declarations();
    const authority = ca({ validityDays: 30 });
    const { notAfter } = tls(authority, { validityDays: 365 });
    expect(Date.parse(new X509Certificate(read("certs/api-tls.crt")).validFrom)).toBeLessThan(Date.now() - 240_000);
    expect(notAfter).toEqual(authority.notAfter);
  });
});

describe("an intermediate CA", () => {
  it("stands between root and certificate, and in the certificate's file", () => {
    const { ca, tls } = declarations();
    const root = ca();
    const middle = ca({ name: "middle", authority: root });
    tls(middle);
    expect(read("certs/api-tls.crt").match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(read("certs/middle.trust.crt")).toBe(read("certs/ca.trust.crt"));
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("OK");
    expect(text("certs/ca.crt")).toContain("CA:TRUE, pathlen:1");
    expect(text("certs/middle.crt")).toContain("CA:TRUE, pathlen:0");
  });

  it("has none below it", () => {
    const { ca } = declarations();
    const middle = ca({ name: "middle", authority: ca() });
    expect(messageOf(() => ca({ name: "third", authority: middle }))).toContain("`authority` must be a root");
  });
});

describe("a CA that is limited to names", () => {
  const limited = { permittedDnsNames: ["internal.example.org"] };

  it("issues for those and all below them, and peers know the limit", () => {
    const { ca, tls } = declarations();
    const authority = ca(limited);
    tls(authority, { dnsNames: ["api.internal.example.org", "internal.example.org"], ipAddresses: [] });
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("OK");
    expect(text("certs/ca.crt")).toMatch(/Name Constraints: critical\s+Permitted:\s+DNS:internal\.example\.org/);
  });

  it("is not trusted for others, whatever it signs", () => {
    const { ca, tls } = declarations();
    const authority = ca(limited);
    // One who holds the key could sign it all the same.
    tls(Object.assign(Object.create(authority), { _permittedDnsNames: [] }), { dnsNames: ["example.com"] });
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("permitted subtree violation");
  });

  it.each(["example.com", "evilinternal.example.org"])(
    "refuses %s at the synthesis, under an intermediate CA too",
    (name) => {
      const { ca, tls } = declarations();
      const root = ca(limited);
      const middle = ca({ name: "middle", authority: root });
      for (const authority of [root, middle]) {
        const message = messageOf(() => tls(authority, { dnsNames: [name], ipAddresses: [] }));
        expect(message).toContain("`dnsNames` must be names that the CA may issue for (internal.example.org), got: ");
      }
    },
  );
});

it("CAs alongside are trusted as well", () => {
  const { ca } = declarations();
  const next = ca({ name: "next" });
  const { trustedPem } = ca({ alongside: [next] });
  expect(trustedPem.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  expect(read("certs/ca.trust.crt")).toBe(trustedPem);
});

describe("renewal", () => {
  const days = (file: string) => {
    const { validFrom, validTo } = new X509Certificate(read(file));
    return Math.round((Date.parse(validTo) - Date.parse(validFrom)) / 86_400_000);
  };
  const again = (env: Record<string, string>, props: Partial<TlsCertificateProps> = {}) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { ca, tls } = declarations();
    const certificate = tls(ca(), props);
    for (const name of Object.keys(env)) vi.stubEnv(name, undefined);
    return certificate;
  };

  it("is by name, over the same key", () => {
    const { thumbprint } = again({});
    const key = read("certs/api-tls.key");
    expect(again({ M2M_RENEW_CERTIFICATES: "other" }).thumbprint).toBe(thumbprint);
    expect(again({ M2M_RENEW_CERTIFICATES: "api" }, { validityDays: 10 }).thumbprint).not.toBe(thumbprint);
    expect(read("certs/api-tls.key")).toBe(key);
    expect(days("certs/api-tls.crt")).toBe(10);
  });

  it("is with a new key where that is asked for, and leaves nothing behind", () => {
    again({});
    const key = read("certs/api-tls.key");
    again({ M2M_RENEW_CERTIFICATES: "all", M2M_RENEW_CERTIFICATE_KEYS: "true" });
    expect(read("certs/api-tls.key")).not.toBe(key);
    expect(readdirSync("certs").sort()).toEqual([
      "api-tls.crt",
      "api-tls.key",
      "api-tls.trust.crt",
      "ca.crt",
      "ca.key",
      "ca.trust.crt",
    ]);
    expect(
      new X509Certificate(read("certs/api-tls.crt")).verify(new X509Certificate(read("certs/ca.crt")).publicKey),
    ).toBe(true);
  });

  it("finishes after a crash between certificate and key", () => {
    again({});
    const former = read("certs/api-tls.key");
    again({ M2M_RENEW_CERTIFICATES: "api", M2M_RENEW_CERTIFICATE_KEYS: "true" });
    const kid = openssl("pkey", "-in", "certs/api-tls.key", "-pubout", "-outform", "DER", "-out", "spki") && "";
    expect(kid).toBe("");
    const digest = execFileSync("openssl", ["dgst", "-sha256", "-binary", "spki"]).toString("base64url");
    renameSync("certs/api-tls.key", `certs/api-tls.${digest.slice(0, 8)}.key`);
    writeFileSync("certs/api-tls.key", former, { mode: 0o600 });
    again({});
    expect(read("certs/api-tls.key")).not.toBe(former);
    expect(existsSync(`certs/api-tls.${digest.slice(0, 8)}.key`)).toBe(false);
  });

  it("is due in the last third of a life", () => {
    const { thumbprint } = again({}, { validityDays: 90 });
    expect(again({ M2M_RENEW_CERTIFICATES: "due" }).thumbprint).toBe(thumbprint);
    vi.useFakeTimers({ now: Date.now() + 61 * 86_400_000, toFake: ["Date"] });
    expect(again({ M2M_RENEW_CERTIFICATES: "due" }).thumbprint).not.toBe(thumbprint);
    vi.useRealTimers();
  });

  it("follows what is declared anew with m2m up, and is told otherwise", () => {
    again({});
    const message = messageOf(() => again({}, { dnsNames: ["api", "new.example.org"] }));
    expect(message).toMatch(/certs\/api-tls\.crt must be for new\.example\.org, got: .*; `m2m up` issues it again/);
    again({ M2M_REISSUE_CERTIFICATES: "true" }, { dnsNames: ["api", "new.example.org"] });
    expect(verify("sslserver", "certs/api-tls.crt", "-verify_hostname", "new.example.org")).toContain("OK");
  });

  it("of one that has ended is left to those who have the key of its CA, and no error", () => {
    const { thumbprint } = again({}, { validityDays: 10 });
    vi.useFakeTimers({ now: Date.now() + 11 * 86_400_000, toFake: ["Date"] });
    renameSync("certs/ca.key", "elsewhere.key");
    expect(again({ M2M_REISSUE_CERTIFICATES: "true" }, { validityDays: 10 }).thumbprint).toBe(thumbprint);
    renameSync("elsewhere.key", "certs/ca.key");
    expect(again({ M2M_REISSUE_CERTIFICATES: "true" }, { validityDays: 10 }).thumbprint).not.toBe(thumbprint);
    vi.useRealTimers();
  });

  it("of a CA keeps its key, so that what it issued stays trusted", () => {
    again({});
    again({ M2M_RENEW_CERTIFICATES: "ca", M2M_RENEW_CERTIFICATE_KEYS: "true" });
    expect(verify("sslserver", "certs/api-tls.crt")).toContain("OK");
  });

  it("is refused where the CA's key is elsewhere, and nothing is lost", () => {
    again({});
    rmSync("certs/ca.key");
    const before = read("certs/api-tls.crt");
    expect(messageOf(() => again({ M2M_RENEW_CERTIFICATES: "api" }))).toContain(
      "certs/ca.key, the private key of the CA, is not here",
    );
    expect(read("certs/api-tls.crt")).toBe(before);
  });
});

describe("files of others", () => {
  const made = () => {
    const { ca, tls } = declarations();
    const root = ca();
    const middle = ca({ name: "middle", authority: root });
    tls(middle);
    tls(middle, { name: "caller", usage: "client" });
  };
  const all = () => [read("certs/api-tls.crt"), read("certs/ca.crt")].join("");
  const imported = (pem: string, more: Partial<Parameters<typeof TlsCertificate.fromFiles>[2]> = {}) => {
    writeFileSync("given.crt", pem);
    const stack = newStack();
    const authority = CertificateAuthority.fromFiles(stack, "Ca", { certificateFile: "certs/ca.crt" });
    const files = {
      certificateFile: "given.crt",
      privateKeyFile: "certs/api-tls.key",
      authority,
      usage: "server" as const,
    };
    return TlsCertificate.fromFiles(stack, "Api", { ...files, ...more });
  };

  it("are taken in any order, with other line ends and other blocks", () => {
    made();
    const [leaf, middle] = all().split(/(?<=-----END CERTIFICATE-----\n)/) as [string, string];
    const expected = `${leaf}${middle}`;
    expect(imported(all()).certificatePem).toBe(expected);
    expect(imported(`${middle}${leaf}`).certificatePem).toBe(expected);
    expect(imported(`words\n${middle}${read("certs/ca.crt")}${leaf}`.replaceAll("\n", "\r\n")).certificatePem).toBe(
      expected,
    );
    expect(imported(`${leaf}${leaf}${middle}`).certificatePem).toBe(expected);
  });

  it.each<[string, () => string, RegExp]>([
    [
      "an incomplete chain",
      () => all().split(/(?<=-----END CERTIFICATE-----\n)/)[0]!,
      /must be issued by its `authority`, with all certificates between them/,
    ],
    [
      "a certificate of a CA",
      () => read("certs/middle.crt"),
      /must certify the key|must be one of a server or machine/,
    ],
    ["a certificate for clients", () => read("certs/caller-tls.crt"), /must certify the key/],
    ["no certificate", () => "nothing", /must hold X\.509 certificates in PEM, got: 7 characters without one/],
    ["two chains", () => `${all()}${read("certs/caller-tls.crt")}`, /2 issued none of the others/],
    ["half of one", () => all().slice(0, 300), /must hold X\.509 certificates in PEM/],
  ])("are refused: %s", (_what, pem, message) => {
    made();
    expect(messageOf(() => imported(pem()))).toMatch(message);
  });

  it("are refused for another purpose, of another CA, and where the key is another", () => {
    made();
    expect(messageOf(() => imported(all(), { usage: "client" }))).toContain("must be for clients (clientAuth)");
    expect(messageOf(() => imported(all(), { privateKeyFile: "certs/caller-tls.key" }))).toContain(
      "must certify the key in certs/caller-tls.key",
    );
    const { ca } = declarations();
    expect(messageOf(() => imported(all(), { authority: ca({ name: "stranger" }) }))).toContain(
      "must be issued by its `authority`",
    );
  });

  it("of a CA: what is none, and what does not reach a root", () => {
    made();
    const from = (certificateFile: string) =>
      messageOf(() => CertificateAuthority.fromFiles(newStack(), "Ca", { certificateFile }));
    mkdirSync("given");
    writeFileSync("given/leaf.crt", all());
    expect(from("given/leaf.crt")).toContain("basic constraints CA:TRUE");
    expect(from("certs/middle.crt")).toContain("must hold the whole chain up to the root");
    expect(from("certs/nowhere.crt")).toContain("no such file");
    writeFileSync("given/both.crt", read("certs/middle.crt") + read("certs/ca.crt"));
    const stack = newStack();
    const files = { certificateFile: "given/both.crt", privateKeyFile: "certs/middle.key" };
    const authority = CertificateAuthority.fromFiles(stack, "Ca", files);
    new TlsCertificate(stack, "Tls", { authority, name: "issued", usage: "server" });
    expect(verify("sslserver", "certs/issued-tls.crt")).toContain("OK");
  });
});

describe("bad declarations", () => {
  it.each<[string, Partial<TlsCertificateProps>, string]>([
    ["no name", { name: "a b" }, "`name` must be 1 to 63 letters"],
    ["a usage that there is not", { usage: "both" as never }, '`usage` must be "server", "client" or "peer"'],
    ["an address for a name", { dnsNames: ["https://api"] }, "`dnsNames` must be a DNS name"],
    ["an IP address for a name", { dnsNames: ["10.0.0.1"] }, "`dnsNames` must be a DNS name"],
    ["a name with a space", { dnsNames: ["a b"] }, "`dnsNames` must be a DNS name"],
    ["a star in the middle", { dnsNames: ["a.*.org"] }, "`dnsNames` must be a DNS name"],
    ["a name for an IP address", { ipAddresses: ["api"] }, "`ipAddresses` must be an IPv4 or IPv6 address"],
    ["a server that nobody can reach", { dnsNames: [], ipAddresses: [] }, "must have a name for a server"],
    ["a client with names", { usage: "client", dnsNames: ["a"] }, "must be left out for a client"],
    ["a key that there is not", { keyAlgorithm: "RSA" as never }, "`keyAlgorithm` must be"],
    ["no life", { validityDays: 0 }, "`validityDays` must be more than 0"],
    ["an option that there is not", { days: 5 } as never, "`days` is not an option"],
  ])("%s", (_what, props, message) => {
    const { ca, tls } = declarations();
    const authority = ca();
    expect(messageOf(() => tls(authority, props))).toContain(message);
    expect(existsSync("certs/api-tls.key")).toBe(false);
  });
});

it("warns of files that others may read, and of an end that nears", () => {
  const { ca, tls } = declarations();
  tls(ca());
  chmodSync("certs/api-tls.key", 0o644);
  vi.useFakeTimers({ now: Date.now() + 300 * 86_400_000, toFake: ["Date"] });
  const { ca: again, tls: too, stack } = declarations();
  too(again());
  vi.useRealTimers();
  synth(stack);
  const warnings = JSON.stringify(manifestOf(stack));
  expect(warnings).toContain("others than its owner may use certs/api-tls.key");
  expect(warnings).toContain("m2m certificates renew api");
});

it("says that another length counts from the next certificate on, unless the CA's end cuts it", () => {
  const notes = (caDays: number, days: number) => {
    const { ca, tls, stack } = declarations();
    tls(ca({ validityDays: caDays }), { validityDays: days });
    synth(stack);
    return manifestOf(stack).annotations.map(({ message }: { message: string }) => message);
  };
  expect(notes(100, 200)).toEqual([]); // made for as long as the CA
  expect(notes(100, 50)).toEqual([expect.stringMatching(/^`validityDays` 50 .* is for 100 days; .*renew api`$/)]);
  expect(notes(50, 200)).toEqual([expect.stringMatching(/^`validityDays` 50 .* is for 100 days; .*renew ca`$/)]);
});

it("errors are of KeyError with a code", () => {
  const { ca } = declarations();
  vi.stubEnv("CI", "1");
  expect(() => ca()).toThrow(KeyError);
});
