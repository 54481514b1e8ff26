import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "@cdktf/provider-generator/package.json";
import cdktfJson from "../cdktf.json";
import { providerSchemaJson } from "../provider/schema";

const ADDRESS = "registry.terraform.io/keycloak/keycloak";
const outdir = join(__dirname, "..", ".gen");
/** What the bindings were made of. */
const record = join(outdir, "made-of.json");

/**
 * Makes `.gen/providers/keycloak`, the Keycloak bindings that `cdktf get` would make, from the embedded provider's own
 * schema: no registry and no Terraform is asked, and the result is the same everywhere.
 */
export async function makeBindings(): Promise<void> {
  const declared = cdktfJson.terraformProviders.find(({ name }) => name === "keycloak");
  if (!declared) throw new Error("cdktf.json: terraformProviders has no entry named keycloak");
  const schema = { format_version: "1.0", provider_schemas: { [ADDRESS]: providerSchemaJson() } };
  const madeOf = JSON.stringify({ generator: version, declared, schema });
  if (existsSync(record) && readFileSync(record, "utf8") === madeOf) return;
  await generate(declared, schema);
  writeFileSync(record, madeOf);
}

async function generate(declared: (typeof cdktfJson.terraformProviders)[number], schema: object): Promise<void> {
  // Loading the generator asks for Terraform's version and for updates; neither is wanted here.
  process.env.CHECKPOINT_DISABLE = "true";
  process.env.TERRAFORM_BINARY_NAME = "true";
  const { ConstructsMakerProviderTarget, Language, TerraformProviderConstraint } = await import("@cdktf/commons");
  // The package's index pulls in jsii-pacmak, which nothing here needs.
  const { TerraformProviderGenerator } = await import(
    "@cdktf/provider-generator/lib/get/generator/provider-generator.js"
  );
  const { CodeMaker } = await import("codemaker");

  const generator = new TerraformProviderGenerator(new CodeMaker() as never, schema as never);
  const constraint = new TerraformProviderConstraint(declared);
  generator.generate(new ConstructsMakerProviderTarget(constraint, Language.TYPESCRIPT));
  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir);
  await generator.save(outdir);
}
