import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { version } from "@cdktf/provider-generator/package.json";
import cdktfJson from "../cdktf.json";
import { DOCKER } from "../constructs/contract/sources";
import { providerSchemaJson } from "../provider/schema";
import dockerSchema from "./docker-schema.json";

const outdir = join(__dirname, "..", ".gen");
/** What the bindings were made of. */
const record = join(outdir, "made-of.json");

/** A provider as `terraformProviders` of `cdktf.json` names it. */
interface Declared {
  readonly name: string;
  readonly source: string;
  readonly version: string;
}

/**
 * Makes the bindings in `.gen/providers` that `cdktf get` would make. Those of Keycloak are made from the embedded
 * provider's own schema, those of Docker from what its provider says of the few resources that constructs declare. No
 * registry and no Terraform is asked, and the result is the same everywhere.
 */
export async function makeBindings(): Promise<void> {
  const keycloak = cdktfJson.terraformProviders.find(({ name }) => name === "keycloak");
  if (!keycloak) throw new Error("cdktf.json: terraformProviders has no entry named keycloak");
  const declared: Declared[] = [keycloak, { name: "docker", ...DOCKER }];
  const schema = {
    format_version: "1.0",
    provider_schemas: {
      "registry.terraform.io/keycloak/keycloak": providerSchemaJson(),
      [DOCKER.source]: dockerSchema,
    },
  };
  const madeOf = JSON.stringify({ generator: version, declared, schema });
  if (existsSync(record) && readFileSync(record, "utf8") === madeOf) return;
  await generate(declared, schema);
  writeFileSync(record, madeOf);
}

async function generate(declared: readonly Declared[], schema: object): Promise<void> {
  // Loading the generator asks for Terraform's version and for updates; neither is wanted here.
  process.env.CHECKPOINT_DISABLE = "true";
  process.env.TERRAFORM_BINARY_NAME = "true";
  const { ConstructsMakerProviderTarget, Language, TerraformProviderConstraint } = await import("@cdktf/commons");
  // The package's index pulls in jsii-pacmak, which nothing here needs.
  const { TerraformProviderGenerator } = await import(
    "@cdktf/provider-generator/lib/get/generator/provider-generator.js"
  );
  const { CodeMaker } = await import("codemaker");

  rmSync(outdir, { recursive: true, force: true });
  mkdirSync(outdir);
  for (const provider of declared) {
    // One for each: a generator takes the second provider for the first, because both are named `provider` in its files.
    const generator = new TerraformProviderGenerator(new CodeMaker() as never, schema as never);
    const constraint = new TerraformProviderConstraint(provider);
    generator.generate(new ConstructsMakerProviderTarget(constraint, Language.TYPESCRIPT));
    await generator.save(outdir);
  }
}
