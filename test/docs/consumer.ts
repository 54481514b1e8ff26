// A project that has this checkout installed as the package: the name leads to the sources.
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import ts from "typescript";
import { ROOT } from "./pages";

const PACKAGE = "cdktf-keycloak-m2m";

/** What a fragment in the documentation may take for given. */
export const PRELUDE = `
import { App, HttpBackend, type TerraformResource, TerraformStack } from "cdktf";
import {
  CertificateAuthority,
  DeployerClient,
  KeycloakServer,
  MachineClientPolicy,
  MachineContainer,
  PostgresDatabase,
  PrivateLocalBackend,
  ProtectedApi,
  Realm,
  SignedJwtClient,
  SigningKeyPair,
  TlsCertificate,
} from "${PACKAGE}";
declare const stack: TerraformStack;
declare const client: SignedJwtClient;
`;

export function makeConsumer(): string {
  const made = mkdtempSync(join(tmpdir(), "m2m-docs-"));
  mkdirSync(join(made, "node_modules"));
  const paths = { [PACKAGE]: [join(ROOT, "constructs", "index.ts")] };
  writeFileSync(join(made, "tsconfig.json"), JSON.stringify({ compilerOptions: { module: "nodenext", paths } }));
  for (const name of [
    "cdktf",
    "constructs",
    "@cdktf",
    "undici",
    "hono",
    "fastify",
    "prom-client",
    "@opentelemetry",
    "vitest",
    "@jest",
  ])
    symlinkSync(join(ROOT, "node_modules", name), join(made, "node_modules", name));
  return made;
}

/** The problems that TypeScript has with some files of a consumer. */
export function compile(files: readonly string[]): string[] {
  const config = ts.readConfigFile(join(ROOT, "tsconfig.json"), ts.sys.readFile).config.compilerOptions;
  const { options } = ts.convertCompilerOptionsFromJson(config, ROOT);
  const program = ts.createProgram({
    rootNames: files,
    options: {
      ...options,
      incremental: false,
      tsBuildInfoFile: undefined,
      noUnusedLocals: false, // a fragment shows what it shows
      typeRoots: [join(ROOT, "node_modules", "@types")],
      paths: {
        [PACKAGE]: [join(ROOT, "constructs", "index.ts")],
        [`${PACKAGE}/bindings/*`]: [join(ROOT, ".gen", "providers", "keycloak", "*", "index.ts")],
        [`${PACKAGE}/machine`]: [join(ROOT, "machines", "index.ts")],
      },
    },
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, messageText }) => `${file?.fileName ?? ""}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`);
}

/**
 * Synthesizes each program in a folder of its own, with a `cdktf.json` of its own, below a consumer. One process does
 * them all: to start one for each takes longer than the syntheses.
 */
export async function synthesizeAll(consumer: string, programs: ReadonlyMap<string, string>): Promise<void> {
  for (const [name, program] of programs) {
    mkdirSync(join(consumer, name));
    writeFileSync(join(consumer, name, "cdktf.json"), '{ "language": "typescript", "app": "npx tsx main.ts" }');
    writeFileSync(join(consumer, name, "main.ts"), program);
  }
  const runs = [...programs.keys()]
    .map((name) => join(consumer, name))
    .map((folder) => {
      return `process.chdir(${JSON.stringify(folder)}); require(${JSON.stringify(join(folder, "main.ts"))});`;
    });
  writeFileSync(join(consumer, "all.ts"), runs.join("\n"));
  await execa(join(ROOT, "node_modules", ".bin", "tsx"), ["all.ts"], {
    cwd: consumer,
    env: { CDKTF_OUTDIR: "cdktf.out", CI: "", KEYCLOAK_PASSWORD: "of-the-administrator" },
  });
}
