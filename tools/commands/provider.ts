import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bringEnvironment } from "../environment";
import { type Output, ToolError } from "../output";
import { openProject, readStacks, type Stack } from "../project";
import { EMBEDDED_PROVIDER, REGISTRY_PROVIDER, recordSources, settleSources } from "../sources";
import { keycloakProviderAddresses, localState, localStates } from "../state";
import { startTerraform } from "../terraform";

const ADDRESSES = { registry: REGISTRY_PROVIDER, embedded: EMBEDDED_PROVIDER } as const;

/** Prints where the Keycloak provider comes from, or switches: the record, and the entries of the state. */
export async function switchProvider(out: Output, to: string | undefined): Promise<void> {
  const project = openProject();
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  if (to === undefined) {
    out.result(sources.keycloakProvider, sources);
    return;
  }
  if (to !== "registry" && to !== "embedded") {
    throw new ToolError("usage", `provider must be registry or embedded, got: ${to}`);
  }
  const address = ADDRESSES[to];
  const { terraformBinary } = await bringEnvironment(project, out);
  for (const stack of readStacks(project)) await replaceInState(terraformBinary, stack, address);
  await recordSources(project, { ...sources, keycloakProvider: address, why: `switched by \`m2m provider ${to}\`` });
  rmSync(project.outdir, { recursive: true, force: true }); // its providers were the others
  out.result(`the Keycloak provider is ${address} now; see \`m2m diff\``, { keycloakProvider: address });
}

async function replaceInState(terraformBinary: string, stack: Stack, to: string): Promise<void> {
  for (const from of keycloakProviderAddresses([localState(stack)]).filter((address) => address !== to)) {
    const path = join(stack.folder, stack.json.terraform.backend?.local?.path ?? "");
    const empty = mkdtempSync(join(tmpdir(), "m2m-provider-"));
    try {
      // In a folder without configuration nothing has to be initialised, which would ask for the provider to leave.
      await startTerraform(
        terraformBinary,
        ["state", "replace-provider", "-auto-approve", `-state=${path}`, from, to],
        {
          cwd: empty,
        },
      );
    } finally {
      rmSync(empty, { recursive: true, force: true });
    }
  }
}
