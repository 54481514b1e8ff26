import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EMBEDDED_KEYCLOAK, OFFICIAL_KEYCLOAK, readSources } from "../../../constructs/contract/sources";
import { dataSources } from "../../../provider/data-sources";
import { resources } from "../../../provider/resources";
import { switchProvider as switchWith } from "../../../tools/commands/provider";
import { recordSources } from "../../../tools/project/sources";
import {
  fakeProgram,
  inState,
  projectIn,
  recordOutput,
  stackOf,
  stateOf,
  temporaryFolder,
  writeManifest,
} from "../parts";

const folder = temporaryFolder();
const project = () => projectIn(folder.path, "true");
const OFFICIAL = `provider["${OFFICIAL_KEYCLOAK.source}"].Keycloak`;
const EMBEDDED = `provider["${EMBEDDED_KEYCLOAK.source}"].Keycloak`;

/** Terraform as `state replace-provider` works: the file of -state with the one address in place of the other. */
const REPLACES = `case "$1" in version) echo "Terraform v1.9.0";; state) sed -i "s#$6#$7#" "$(echo $5 | cut -c8-)";; esac`;
let terraform: ReturnType<typeof fakeProgram>;

beforeEach(async () => {
  terraform = fakeProgram(folder.path, "terraform", REPLACES);
  vi.stubEnv("PATH", `${folder.path}:/usr/bin:/bin:${join(process.execPath, "..")}`);
  vi.stubEnv("TERRAFORM_BINARY_NAME", undefined);
  vi.spyOn(process, "cwd").mockReturnValue(folder.path);
  writeCdktfJson("false");
  await recordSources(project(), {
    keycloakProvider: EMBEDDED_KEYCLOAK.source,
    dockerProvider: "built",
    why: "a test",
    decidedAt: "2026-01-01T00:00:00.000Z",
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

function writeCdktfJson(app: string): void {
  writeFileSync(join(folder.path, "cdktf.json"), JSON.stringify({ app }));
}

/** A state with one entry of Keycloak, and a manifest that leads to it, or to one that is kept elsewhere. */
function deploy(provider: string, options: { file?: string; path?: string; manifest?: boolean } = {}): string {
  const file = join(folder.path, options.file ?? "terraform.m2m.tfstate");
  const state = stateOf(inState("keycloak_realm", "R", {}, provider));
  writeFileSync(file, JSON.stringify({ version: 4, ...state }));
  if (options.manifest !== false) {
    const stack = join(project().outdir, "stacks", "m2m");
    writeManifest(project(), [stackOf({}, stack, "m2m", "path" in options ? options.path : file)]);
  }
  return file;
}

/** The states that are kept elsewhere are empty, unless a test says otherwise. */
const switchProvider = (
  out: Parameters<typeof switchWith>[0],
  to: Parameters<typeof switchWith>[1],
  elsewhere: Parameters<typeof switchWith>[2] = async () => stateOf(),
) => switchWith(out, to, elsewhere);

const recorded = () => readSources(folder.path)?.keycloakProvider;

describe("a switch of the provider", () => {
  it.each(["terraform.m2m.tfstate", "elsewhere.json"])(
    "changes the state in %s, given by an absolute path",
    async (name) => {
      const file = deploy(EMBEDDED, { file: name });
      await switchProvider(recordOutput(), "registry");
      expect(readFileSync(file, "utf8")).toContain(OFFICIAL_KEYCLOAK.source);
      expect(recorded()).toBe(OFFICIAL_KEYCLOAK.source);
      expect(existsSync(project().outdir)).toBe(false);
    },
  );

  it("changes the state a second time, without what was synthesized", async () => {
    const file = deploy(EMBEDDED);
    const synthesis = join(folder.path, "kept");
    await switchProvider(recordOutput(), "registry");
    deploy(OFFICIAL);
    const { outdir } = project();
    writeCdktfJson(`test ! -e ${outdir} && cp -r '${synthesis}' '${outdir}'`);
    renameSync(outdir, synthesis);
    await switchProvider(recordOutput(), "embedded");
    expect(readFileSync(file, "utf8")).toContain(EMBEDDED_KEYCLOAK.source);
    expect(recorded()).toBe(EMBEDDED_KEYCLOAK.source);
  });

  it("fails if a state still has the old provider, and records nothing", async () => {
    terraform = fakeProgram(
      folder.path,
      "terraform",
      'test "$1" = version && echo "Terraform v1.9.0" || { echo locked >&2; exit 1; }',
    );
    const file = deploy(EMBEDDED);
    await expect(switchProvider(recordOutput(), "registry")).rejects.toMatchObject({
      code: "not-switched",
      message: expect.stringMatching(new RegExp(`^${file} still names ${EMBEDDED_KEYCLOAK.source}.*\nlocked$`)),
    });
    expect(recorded()).toBe(EMBEDDED_KEYCLOAK.source);
    expect(existsSync(project().outdir)).toBe(true);
  });

  it.each(["PS256", "RS256"])(
    "to the official one is refused if Terraform signs in by what that one cannot: %s",
    async (algorithm) => {
      const file = deploy(EMBEDDED, { manifest: false });
      const client = { client_id: "terraform", extra_config: { "token.endpoint.auth.signing.alg": algorithm } };
      const declared = { keycloak_openid_client: { D: { ...client, "//": { deployer: true } } } };
      writeManifest(project(), [stackOf(declared, join(project().outdir, "stacks", "m2m"), "m2m", file)]);
      const switched = switchProvider(recordOutput(), "registry");
      if (algorithm === "RS256") await switched;
      else {
        await expect(switched).rejects.toMatchObject({
          code: "deployer-locked-out",
          message: expect.stringContaining("signs in as terraform by PS256, which the official provider cannot"),
        });
      }
      expect(recorded()).toBe(algorithm === "RS256" ? OFFICIAL_KEYCLOAK.source : EMBEDDED_KEYCLOAK.source);
    },
  );

  it("says what to run where the state is kept elsewhere, and keeps the folder to run it in", async () => {
    deploy(EMBEDDED, { file: "unrelated.json", path: undefined });
    const out = recordOutput();
    await switchProvider(out, "registry");
    expect(out.warned.join()).toContain(
      `the state of stack m2m is kept elsewhere and is not switched; run:\n  (cd ${join(project().outdir, "stacks", "m2m")} && terraform state replace-provider ${EMBEDDED_KEYCLOAK.source} ${OFFICIAL_KEYCLOAK.source})`,
    );
    expect(existsSync(project().outdir)).toBe(true);
    expect(terraform.calls().filter((call) => call.startsWith("state"))).toEqual([]);
  });
});

describe("a switch to the embedded provider", () => {
  /** Of the official provider's, and any other. */
  const OTHERS = ["saml_client", "user", "group", "ldap_user_federation", "authentication_flow", "required_action"];
  const drawn = fc.sample(fc.stringMatching(/^[a-z]{1,8}(_[a-z]{1,8}){0,3}$/), 20);

  it.each([
    ["managed", resources],
    ["data", dataSources],
  ] as const)(
    "is refused with each entry that it does not serve, and nothing is switched: %s",
    async (mode, tables) => {
      const served: string[] = tables.map(({ name }) => name);
      const unserved = [...new Set([...OTHERS, ...drawn].map((name) => `keycloak_${name}`))].filter(
        (type) => !served.includes(type),
      );
      const types = [...served, ...unserved];
      const entries = types.map((type) => ({ ...inState(type, "X", {}, OFFICIAL), mode }));
      const file = deploy(OFFICIAL);
      const text = JSON.stringify({ version: 4, ...stateOf(...entries) });
      writeFileSync(file, text);
      const error = await switchProvider(recordOutput(), "embedded").then(
        () => undefined,
        (thrown: { code: string; message: string }) => thrown,
      );
      expect(error?.code).toBe("not-served");
      const named = error!.message.split("\n").filter((line) => line.endsWith(` in ${file}`));
      const prefix = mode === "data" ? "data." : "";
      expect(named.sort()).toEqual(unserved.map((type) => `  ${prefix}${type}.X in ${file}`).sort());
      expect(readFileSync(file, "utf8")).toBe(text);
      expect(existsSync(project().outdir)).toBe(true);
      await switchProvider(recordOutput(), "registry"); // which serves all
    },
  );

  it("looks at states that are kept elsewhere, and says so where it cannot", async () => {
    deploy(OFFICIAL, { file: "unrelated.json", path: undefined });
    const elsewhere = async () => stateOf(inState("keycloak_saml_client", "S", {}, OFFICIAL));
    await expect(switchProvider(recordOutput(), "embedded", elsewhere)).rejects.toMatchObject({
      code: "not-served",
      message: expect.stringContaining("keycloak_saml_client.S in the state of stack m2m"),
    });
    const out = recordOutput();
    await switchProvider(out, "embedded", () => Promise.reject(new Error("no answer")));
    expect(out.warned.join()).toContain("what the state of stack m2m has is not known: no answer");
  });
});
