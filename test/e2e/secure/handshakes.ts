import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { authorityBy } from "../../../constructs/certificates/authority";
import { certificatesIn, chainOf } from "../../../constructs/certificates/chain";
import { leafExtensions, type TlsUsage } from "../../../constructs/certificates/profiles";
import { DAY_MS } from "../../../constructs/keys/certificate-life";
import { generateKey } from "../../../constructs/keys/generate";
import { printPrivateKey } from "../../../constructs/keys/private-key";
import { commonName, itself, signCertificate } from "../../../constructs/keys/sign-certificate";
import { MachineError, openConnections } from "../../../machines";

/** Client certificates of every kind that a server may meet, each called machine-a. */
const KINDS: Readonly<Record<string, { days: readonly [from: number, to: number]; usage: TlsUsage; self?: true }>> = {
  good: { days: [-1, 3], usage: "client" },
  expired: { days: [-3, -1], usage: "client" },
  "not valid yet": { days: [1, 3], usage: "client" },
  "for servers": { days: [-1, 3], usage: "server" },
  "self-signed": { days: [-1, 3], usage: "client", self: true },
};

/** What Keycloak and machine-b say to each, and to nobody's. */
export const REFUSALS: Readonly<Record<string, { readonly alert: string; readonly reason: string }>> = {
  none: { alert: "certificate required", reason: "none was sent" },
  expired: { alert: "certificate unknown", reason: "it has expired" },
  "not valid yet": { alert: "certificate unknown", reason: "it is not valid yet" },
  "for servers": { alert: "certificate unknown", reason: "it is not for clients (extended key usage clientAuth)" },
  "self-signed": { alert: "certificate unknown", reason: "it is of a CA that is not trusted here" },
};

/** What curl and this library say about a server that they do not trust. */
export const DISTRUST = {
  "another CA": { curl: "self-signed certificate in certificate chain", library: "of a CA that is not trusted here" },
  "another name": { curl: "no alternative certificate subject name matches", library: "is for another name" },
} as const;

/** The clients of an environment, with certificates made for the occasion by its own CA. */
export class Handshakes {
  private readonly made = mkdtempSync(join(tmpdir(), "m2m-handshakes-"));

  constructor(
    private readonly folder: string,
    private readonly ports: Readonly<Record<"keycloak" | "machine-b", number>>,
  ) {
    const [file, keyFile] = ["crt", "key"].map((end) => join(folder, `certs/m2m-ca.${end}`)) as [string, string];
    const authority = authorityBy(chainOf(certificatesIn(readFileSync(file, "utf8"), file), file), keyFile);
    for (const [name, { days, usage, self }] of Object.entries(KINDS)) {
      const key = generateKey({ type: "ec", namedCurve: "prime256v1" });
      const subject = commonName("machine-a");
      const [notBefore, notAfter] = days.map((day) => new Date(Date.now() + day * DAY_MS)) as [Date, Date];
      const content = { subject, publicKey: createPublicKey(key), notBefore, notAfter };
      const extensions = leafExtensions(usage, [], []);
      const issuer = self ? itself(key, subject) : authority;
      writeFileSync(this.file(name, "crt"), signCertificate({ ...content, extensions }, issuer));
      writeFileSync(this.file(name, "key"), printPrivateKey(key), { mode: 0o600 });
    }
  }

  /** Asks by curl. Gives the status and body, or what curl complains of. */
  async curl(server: "keycloak" | "machine-b", certificate: string, ...options: readonly string[]): Promise<string> {
    const port = this.ports[server];
    const shown =
      certificate === "none" ? [] : ["--cert", this.file(certificate, "crt"), "--key", this.file(certificate, "key")];
    const path = server === "keycloak" ? "realms/master" : "api/protected";
    const trusted = options.includes("--cacert") ? [] : ["--cacert", join(this.folder, "certs/m2m-ca.trust.crt")];
    const all = ["-sS", "--max-time", "20", "-w", "\n%{http_code}", ...trusted, ...shown, ...options];
    const { stdout, stderr } = await execa("curl", [...all, `https://localhost:${port}/${path}`], { reject: false });
    return stderr === "" ? stdout.split("\n").reverse().join(" ") : stderr;
  }

  /** Asks machine-b by this library, as a host name, and with a file of CAs. Gives the message of the error. */
  async library(host: string, caFile: string): Promise<string> {
    const connectTo = `${host}:3000=127.0.0.1:${this.ports["machine-b"]}`;
    const { fetch, close } = openConnections(connectTo, { tls: { caFile } });
    const outcome = await fetch(`https://${host}:3000/healthz`).catch((error: Error) => error);
    await close();
    if (outcome instanceof MachineError) return outcome.message;
    throw new Error("no refusal");
  }

  /** Of a CA that issued nothing here. */
  get strange(): string {
    return this.file("self-signed", "crt");
  }

  private file(name: string, end: string): string {
    return join(this.made, `${name.replaceAll(" ", "-")}.${end}`);
  }
}
