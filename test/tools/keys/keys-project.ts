import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, vi } from "vitest";
import { CLIENT, keyAttributes } from "../../../constructs/contract/client-keys";
import { labels } from "../../../constructs/contract/docker-names";
import { stateFileName } from "../../../constructs/contract/project-files";
import { ensureKeyPair } from "../../../constructs/keys/key-pair";
import { acceptedOf, activeOf, factsOf, type KeyRecord } from "../../../constructs/keys/key-record";
import { readRecord, settle } from "../../../constructs/keys/key-store";
import { filesOf } from "../../../constructs/keys/pair-files";
import { runCommand } from "../../../tools/cli/run";
import { keysCommands } from "../../../tools/commands/keys";
import type { ToolError } from "../../../tools/output";
import { inState, recordOutput, temporaryFolder } from "../parts";

/** Pair → clients that sign with it. */
type Clients = Readonly<Record<string, readonly string[]>>;

/** What the app declares. */
export interface Declared {
  readonly clients: Clients;
  readonly backend: object;
  /** The client that has the deployer's mark. */
  readonly deployer?: string;
}

const STATE = stateFileName("m2m");
const BACKEND = { local: { path: `../${STATE}` } };

/** The app, as one file that a project anywhere can start. */
const APP = buildSync({
  entryPoints: [join(__dirname, "pairs.app.ts")],
  bundle: true,
  platform: "node",
  format: "cjs",
  write: false,
}).outputFiles[0]!.text;

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
  const declare = (declared: Clients, more: Partial<Declared> = {}) => {
    clients = declared;
    writeFileSync(join(folder.path, "pairs.json"), JSON.stringify({ clients, backend: BACKEND, ...more }));
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
    /** Puts what each client is to accept into the state, and the active keys into their files, as `m2m up` does. */
    deploy(...paths: string[]): void {
      for (const path of Object.keys(clients)) settle(filesFor(path), recordFor(path), process.env.KEY_PASSPHRASE);
      this.deployState(...paths);
    },
    /** Puts what each client is to accept into the state, as an apply does. */
    deployState(...paths: string[]): void {
      const resources: ReturnType<typeof inState>[] = Object.entries(clients).flatMap(([path, ids]) => {
        if (paths.length > 0 && !paths.includes(path)) return [];
        const record = recordFor(path);
        const active = factsOf(activeOf(record), path);
        const acceptedKeys = acceptedOf(record).map((entry) => {
          return { ...factsOf(entry, path), state: entry.state as "prepared" | "active" | "retiring" };
        });
        const extra_config = keyAttributes({ ...active, certificateBase64: active.base64, acceptedKeys });
        return ids.map((id) => inState(CLIENT, id, { client_id: id, extra_config }));
      });
      for (const kid of this.inContainers) {
        resources.push(inState("docker_container", kid, { labels: labels("machine", kid) }));
      }
      writeFileSync(join(folder.path, STATE), JSON.stringify({ version: 4, resources }));
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
