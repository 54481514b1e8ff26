import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, vi } from "vitest";
import { ensureKeyPair } from "../../../constructs/keys/key-pair";
import { acceptedOf, activeOf, factsOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { readRecord } from "../../../constructs/keys/key-store";
import { filesOf } from "../../../constructs/keys/pair-files";
import { runCommand } from "../../../tools/cli/run";
import { keysCommands } from "../../../tools/commands/keys";
import type { ToolError } from "../../../tools/output";
import { inState, recordOutput, temporaryFolder } from "../parts";

/** Pair → clients that sign with it. */
type Clients = Readonly<Record<string, readonly string[]>>;

/** An app that needs no cdktf: it declares the pairs of `pairs.json`, whose certificates it takes from `certs`. */
const APP = `
  const fs = require("node:fs");
  const out = process.env.CDKTF_OUTDIR;
  const client = {};
  const signingKeys = {};
  for (const [path, ids] of Object.entries(JSON.parse(fs.readFileSync("pairs.json", "utf8")))) {
    const [name, below = ""] = path.split("/").reverse();
    const directory = below ? "certs/" + below : "certs";
    const certificate = fs.readFileSync(directory + "/" + name + "-signing.crt", "utf8").replace(/-----[^-]+-----|\\s/g, "");
    for (const id of ids) {
      const extra_config = { "jwt.credential.certificate": certificate };
      client[id] = { client_id: id, realm_id: "r", extra_config };
    }
    signingKeys[path] = { name, directory, privateKeyDirectory: directory, algorithm: "EdDSA", validityDays: 90, kids: [], revoked: [] };
  }
  const backend = { local: { path: "../terraform.m2m.tfstate" } };
  const json = { "//": { signingKeys }, terraform: { backend }, resource: { keycloak_openid_client: client } };
  const entry = { name: "m2m", synthesizedStackPath: "cdk.tf.json", workingDirectory: ".", annotations: [], dependencies: [] };
  fs.mkdirSync(out, { recursive: true });
  fs.writeFileSync(out + "/cdk.tf.json", JSON.stringify(json));
  fs.writeFileSync(out + "/manifest.json", JSON.stringify({ stacks: { m2m: entry } }));`;

const SETTINGS = ["KEY_PASSPHRASE", "KEY_PASSPHRASE_FILE", "M2M_CREATE_KEYS", "M2M_KNOWN_KEYS"];

/** Options by their name, but for `dryRun`. */
interface Options {
  readonly all?: boolean;
  readonly auto?: boolean;
  readonly live?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly key?: string;
  readonly algorithm?: string;
  readonly certificate?: string;
  readonly overlap?: string;
}

/** Runs every test of a file in a project with two pairs of Ed25519 keys, of which one has two clients. */
export function keysProject() {
  const folder = temporaryFolder();
  const before = process.cwd();
  let clients: Clients;

  const filesFor = (path: string) => {
    const [name, below = ""] = path.split("/").reverse() as [string, string?];
    const directory = join(folder.path, "certs", below);
    return filesOf("/", { name, directory });
  };
  const recordFor = (path: string): KeyRecord => readRecord(filesFor(path), "EdDSA")!;

  /** Declares pairs, and makes those that are not there. */
  const declare = (declared: Clients) => {
    clients = declared;
    writeFileSync(join(folder.path, "pairs.json"), JSON.stringify(declared));
    for (const path of Object.keys(declared)) {
      const files = filesFor(path);
      const asked = { rsaBits: 2048, validityDays: 90, reissueExpired: false, notice: () => undefined } as const;
      ensureKeyPair({ name: "m", files, algorithm: "EdDSA", creation: "allowed", ...asked });
    }
  };

  beforeEach(() => {
    process.chdir(folder.path);
    for (const name of SETTINGS) vi.stubEnv(name, undefined);
    writeFileSync("cdktf.json", JSON.stringify({ language: "typescript", app: "node app.cjs" }));
    writeFileSync("app.cjs", APP);
    mkdirSync("certs");
    declare({ one: ["one"], two: ["two-reader", "two-writer"] });
  });
  afterEach(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });

  const kids = (path: string) => recordFor(path).keys.map(({ kid }) => kid);

  return {
    declare,
    /** Keys that containers were given, by the state of the next deploys. */
    inContainers: [] as string[],
    filesFor,
    recordFor,
    kids,
    short: (path: string, place: number) => kids(path)[place]!.slice(0, 8),
    states: (path: string) => recordFor(path).keys.map(({ state }) => state),
    /** Puts what each client is to accept into the state, as an apply does. */
    deploy(...paths: string[]): void {
      const resources: ReturnType<typeof inState>[] = Object.entries(clients).flatMap(([path, ids]) => {
        if (paths.length > 0 && !paths.includes(path)) return [];
        const record = recordFor(path);
        const jwks = acceptedOf(record).map((entry) => factsOf(entry, path).publicJwk);
        const extra_config = {
          "jwt.credential.certificate": activeOf(record).certificate,
          "use.jwks.string": "true",
          "jwks.string": JSON.stringify({ keys: jwks }),
        };
        return ids.map((id) => inState("keycloak_openid_client", id, { client_id: id, extra_config }));
      });
      for (const kid of this.inContainers) {
        const labels = [{ label: "cdktf-keycloak-m2m.kid", value: kid }];
        resources.push(inState("docker_container", kid, { labels }));
      }
      writeFileSync(join(folder.path, "terraform.m2m.tfstate"), JSON.stringify({ version: 4, resources }));
    },
    /** Every file of `certs` by its path, with its content. */
    certs(): Record<string, string> {
      const entries = readdirSync("certs", { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return Object.fromEntries(
        entries.map(({ parentPath, name }) => [join(parentPath, name), readFileSync(join(parentPath, name), "utf8")]),
      );
    },
    /** Runs `m2m keys WORDS`; gives what it printed. */
    async run(words: string, options: Options = {}, json = false) {
      const out = recordOutput();
      let text = "";
      // biome-ignore lint/suspicious/noExplicitAny: what a command gives as data
      let data: any;
      const result = (printed: string, more: unknown) => {
        text = printed;
        data = more;
      };
      const flags = Object.entries(options).flatMap(([name, value]) => {
        if (value === false) return [];
        const flag = name === "dryRun" ? "--dry-run" : `--${name}`;
        return value === true ? flag : `${flag}=${value}`;
      });
      const argv = ["keys", ...words.split(" ").filter(Boolean), ...flags];
      const interruption = new AbortController().signal;
      const exitCode = await runCommand(argv, keysCommands, { ...out, json, result }, interruption);
      return { text, data, warned: out.warned, exitCode };
    },
    /** Has a pair's first key retire, as the switch was just now. It is not deployed. */
    async rotated(path: string): Promise<void> {
      await this.run(`prepare ${path}`);
      this.deploy();
      await this.run(`activate ${path}`);
    },
    /** Runs a command that has to fail; gives its code and message. */
    async failure(words: string, options: Options = {}): Promise<{ code: string; message: string }> {
      const error = await this.run(words, options).then(
        () => undefined,
        (failed: ToolError) => failed,
      );
      if (!error) throw new Error("nothing was refused");
      return { code: error.code, message: error.message };
    },
  };
}
