import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Connections,
  createDpopKey,
  type DpopKey,
  loadSigningKey,
  openConnections,
  openIssuer,
  requestToken,
} from "../../../machines";

export const ISSUER = "https://keycloak:8443/realms/sjwt-example";
const API = "https://machine-b:3000/api/protected";

/** Files in PEM: a certificate and its key. */
interface Pair {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** The machines of an environment, as whoever has stolen something of them. */
export class Thief {
  private readonly peers = new Map<string, Connections>();
  private readonly stolen = mkdtempSync(join(tmpdir(), "m2m-stolen-"));

  constructor(
    private readonly folder: string,
    private readonly connectTo: string,
  ) {}

  /** Keeps a machine's certificate and key under another name, before they are renewed. */
  keep(name: string, as: string): void {
    for (const end of ["crt", "key"]) {
      copyFileSync(join(this.folder, `certs/${name}-tls.${end}`), join(this.stolen, `${as}-tls.${end}`));
    }
  }

  /** Makes a certificate for clients that no CA of the environment issued. */
  forge(name: string): void {
    const [key, crt] = ["key", "crt"].map((end) => join(this.stolen, `${name}-tls.${end}`));
    const subject = ["-subj", "/CN=machine-a", "-addext", "extendedKeyUsage=clientAuth"];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
    execFileSync("openssl", ["req", "-x509", ...kind, ...subject, "-keyout", key!, "-out", crt!], { stdio: "ignore" });
  }

  /** A token of one machine, signed for by its key, over the connection of another. */
  async token(clientId: string, over: string, dpop?: DpopKey): Promise<string> {
    const tls = { caFile: this.trusted, ...this.pair(over) };
    const issuer = openIssuer({ issuer: ISSUER, connectTo: this.connectTo, tls });
    try {
      const signingKey = loadSigningKey(join(this.folder, `certs/${clientId}-signing.key`));
      return (await requestToken(issuer, { clientId, signingKey, dpop })).accessToken;
    } finally {
      await issuer.close();
    }
  }

  /** Calls machine-b with some headers over the connection of a machine, or without a certificate. Gives status and code. */
  async call(peer: string | undefined, headers: Record<string, string>, path = "", method = "GET"): Promise<string> {
    const response = await this.connection(peer).fetch(`${API}${path}`, { method, headers });
    const { code, error = "" } = (await response.json()) as { code?: string; error?: string };
    return `${response.status} ${code ?? error}`.trim();
  }

  async close(): Promise<void> {
    await Promise.all([...this.peers.values()].map((one) => one.close()));
  }

  private connection(peer = ""): Connections {
    const tls = { caFile: this.trusted, ...(peer !== "" && this.pair(peer)) };
    const made = this.peers.get(peer) ?? openConnections(this.connectTo, { tls, timeoutMs: 20_000 });
    this.peers.set(peer, made);
    return made;
  }

  private get trusted(): string {
    return join(this.folder, "certs/m2m-ca.trust.crt");
  }

  private pair(name: string): Pair {
    const home = /^(old|forged)-/.test(name) ? this.stolen : join(this.folder, "certs");
    return { certificateFile: join(home, `${name}-tls.crt`), keyFile: join(home, `${name}-tls.key`) };
  }
}

/** Proofs of DPoP, good and bad, for one call of machine-b. */
export function proofs(key: DpopKey, accessToken: string): Record<string, string | undefined> {
  const good = { method: "GET", url: API, accessToken };
  const used = key.proof(good);
  return {
    "a good proof": used,
    "the same proof again": used,
    "no proof": undefined,
    "a proof by another key": createDpopKey().proof(good),
    "a proof for another method": key.proof({ ...good, method: "POST" }),
    "a proof for another path": key.proof({ ...good, url: `${API}/online` }),
    "a proof for another host": key.proof({ ...good, url: "https://machine-c:3000/api/protected" }),
    "a proof for plain http": key.proof({ ...good, url: "http://machine-b:3000/api/protected" }),
    "a proof for another token": key.proof({ ...good, accessToken: `${accessToken}x` }),
    "a proof without a token": key.proof({ method: "GET", url: API }),
    "half a proof": key.proof(good).slice(0, 80),
  };
}
