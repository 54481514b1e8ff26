import { X509Certificate } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, vi } from "vitest";
import { runCommand } from "../../../tools/cli/run";
import { certificatesCommands } from "../../../tools/commands/certificates";
import type { ToolError } from "../../../tools/output";
import { recordOutput, temporaryFolder } from "../parts";

/** The app, as one file that a project anywhere can start. */
const APP = buildSync({
  entryPoints: [join(__dirname, "certificates.app.ts")],
  bundle: true,
  platform: "node",
  format: "cjs",
  write: false,
}).outputFiles[0]!.text;

const SETTINGS = ["M2M_CREATE_KEYS", "M2M_RENEW_CERTIFICATES", "M2M_RENEW_CERTIFICATE_KEYS"];

/** Runs every test of a file in a project with a CA, the certificates `api` and `due`, and one of others. */
export function certificatesProject() {
  const folder = temporaryFolder();
  const before = process.cwd();

  /** Runs `m2m certificates WORDS`; gives what it printed. */
  const run = async (words: string) => {
    const out = recordOutput();
    let text = "";
    // biome-ignore lint/suspicious/noExplicitAny: what a command gives as data
    let data: any;
    const result = (printed: string, more: unknown) => {
      text = printed;
      data = more;
    };
    const argv = ["certificates", ...words.split(" ").filter(Boolean)];
    await runCommand(argv, certificatesCommands, { ...out, result }, new AbortController().signal);
    return { text, data, warned: out.warned };
  };

  beforeEach(async () => {
    process.chdir(folder.path);
    for (const name of SETTINGS) vi.stubEnv(name, undefined);
    writeFileSync("cdktf.json", JSON.stringify({ language: "typescript", app: "node app.cjs" }));
    writeFileSync("app.cjs", APP);
    writeFileSync("names.json", JSON.stringify(["api", "due"]));
    await run("renew api"); // makes them
    mkdirSync("given");
    copyFileSync("certs/api-tls.crt", "given/others.crt");
  });
  afterEach(() => {
    process.chdir(before);
    vi.unstubAllEnvs();
  });

  return {
    run,
    /** Runs a command that has to fail. */
    async failure(words: string): Promise<{ code: string; message: string }> {
      const error = await run(words).then(
        () => undefined,
        (failed: ToolError) => failed,
      );
      if (!error) throw new Error("nothing was refused");
      return { code: error.code, message: error.message };
    },
    /** The fingerprint of each certificate, by the name of its file. */
    prints(...names: string[]): Record<string, string> {
      const print = (name: string) => new X509Certificate(readFileSync(`certs/${name}.crt`)).fingerprint256;
      return Object.fromEntries(names.map((name) => [name, print(name)]));
    },
  };
}
