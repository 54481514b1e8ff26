import { cacheFolder } from "../bring/cache";
import { findDockerEngine } from "../bring/docker-engine";
import { findTerraform } from "../bring/terraform";
import { command } from "../cli/command";
import { writeCliConfig } from "../engines/cli-config";
import { settleSources } from "../engines/settle-sources";
import type { Output } from "../output";
import { openProject, type Project } from "../project/project";
import { keycloakProviderAddresses, localStates } from "../project/state";

export const envCommand = command({
  name: "env",
  help: 'exports for a shell: eval "$(m2m env)" makes bare `npx cdktf` work as m2m does',
  async run({ out }) {
    await printEnvironment(out);
    return 0;
  },
});

/** Exports for a POSIX shell. */
async function printEnvironment(out: Output): Promise<void> {
  const env = await environmentFor(openProject());
  const text = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  out.result(text.join("\n"), env);
}

/** The variables that make a bare `npx cdktf` work as this program does. Settles the sources if nothing has yet. */
async function environmentFor(project: Project): Promise<Record<string, string>> {
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  const [{ engine }, terraform] = await Promise.all([findDockerEngine(), findTerraform().catch(() => undefined)]);
  return {
    ...(await writeCliConfig(cacheFolder(), sources)),
    ...(engine?.host && { DOCKER_HOST: engine.host }),
    // The cdktf CLI knows the name terraform only.
    ...(terraform && terraform.binary !== "terraform" && { TERRAFORM_BINARY_NAME: terraform.binary }),
  };
}
