import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DOCKER, EMBEDDED_KEYCLOAK, type Sources } from "../../constructs/contract/sources";
import { MOST_STATE_BYTES, readBytes } from "../../constructs/keys/read-file";
import { writeAtomically } from "../atomic-file";
import { placeFile } from "../bring/cache";
import { dockerProviderMirror, terraformPlatform } from "../bring/docker-provider";
import { PROVIDER_BUNDLE, packageFile, packageVersion } from "../package-files";
import { header, impliedMirrors, mirroredProviders, userCliText } from "./user-cli";

/** A folder that holds one provider. */
interface Mirror {
  readonly path: string;
  readonly include: string;
}

/**
 * Puts the embedded provider into a filesystem mirror of its own. The mirror is named after the bundle's content, so that
 * two checkouts with different bundles of the same version do not replace each other's.
 */
async function placeEmbeddedProvider(cache: string): Promise<string> {
  const bundle = packageFile(PROVIDER_BUNDLE);
  const hash = createHash("sha256")
    .update(readBytes(bundle, { mostBytes: MOST_STATE_BYTES }))
    .digest("hex")
    .slice(0, 16);
  const mirror = join(cache, "embedded", hash);
  const version = packageVersion();
  const program = join(
    mirror,
    EMBEDDED_KEYCLOAK.source,
    version,
    terraformPlatform(),
    `terraform-provider-keycloak_v${version}`,
  );
  if (!existsSync(program)) await placeFile(bundle, program, { mode: 0o755 });
  return mirror;
}

/**
 * Writes Terraform's CLI configuration for these sources into the cache. Providers that this machine made come from its
 * mirrors, all others from where the user's own configuration says. Gives the variables to start Terraform with.
 */
export async function writeCliConfig(cache: string, sources: Sources): Promise<Record<string, string>> {
  const mirrors: Mirror[] = [];
  if (sources.dockerProvider === "built") mirrors.push({ path: dockerProviderMirror(cache), include: DOCKER.source });
  if (sources.keycloakProvider === EMBEDDED_KEYCLOAK.source) {
    mirrors.push({ path: await placeEmbeddedProvider(cache), include: EMBEDDED_KEYCLOAK.source });
  }
  const own = userCliText();
  // The cdktf CLI runs `terraform providers lock`, which asks registries even if a mirror holds the provider.
  const skipLock = mirrors.length > 0 || impliedMirrors(own).length > 0 || /\b(filesystem|network)_mirror\b/.test(own);
  const forCdktf: Record<string, string> = skipLock ? { CDKTF_SKIP_PROVIDER_LOCK: "true" } : {};
  if (mirrors.length === 0) return forCdktf;
  const text = cliConfig(mirrors, own);
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const file = join(cache, "terraform", `${hash}.tfrc`);
  await writeAtomically(file, text, 0o600);
  // The registry was not reached: asking it for newer versions of Terraform would only take time.
  return { TF_CLI_CONFIG_FILE: file, ...forCdktf, CHECKPOINT_DISABLE: "true" };
}

/**
 * Mirrors first, then the user's own installation methods. Without any, Terraform's own follow. A block of methods switches
 * off the folders that Terraform looks into by itself, so they are named.
 */
export function cliConfig(mirrors: readonly Mirror[], own: string): string {
  const found = /provider_installation\s*\{/.exec(own);
  const [before, methods, after] = found ? cutBlock(own, found.index, found.index + found[0].length) : [own, "", ""];
  const implied = impliedMirrors(own);
  const exclude = [...mirrors.map(({ include }) => include), ...implied.flatMap(mirroredProviders)];
  return [
    header(),
    "provider_installation {",
    ...mirrors.map(({ path, include }) => method("filesystem_mirror", { path, include: [include] })),
    ...implied.map((path) => method("filesystem_mirror", { path })),
    methods.trim() === "" ? method("direct", { exclude }) : methods.trimEnd(),
    "}",
    before.trim(),
    after.trim(),
    "",
  ].join("\n");
}

/** One installation method. Strings and lists of HCL are written as those of JSON. */
function method(name: string, settings: Readonly<Record<string, string | readonly string[]>>): string {
  const lines = Object.entries(settings).map(([key, value]) => `    ${key} = ${JSON.stringify(value)}\n`);
  return `  ${name} {\n${lines.join("")}  }`;
}

/** The text before, inside and after a block whose opening brace ends at `open`. */
function cutBlock(text: string, start: number, open: number): [string, string, string] {
  let depth = 1;
  let end = open;
  while (depth > 0 && end < text.length) {
    if (text[end] === "{") depth++;
    if (text[end] === "}") depth--;
    end++;
  }
  return [text.slice(0, start), text.slice(open, end - 1), text.slice(end)];
}
