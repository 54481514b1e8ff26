import { cacheFolder } from "../bring/cache";
import { findDockerEngine } from "../bring/docker-engine";
import { findTerraform } from "../bring/terraform";
import { chooseClient, WHERE, type Where } from "../calls/choose-client";
import { clientFacts } from "../calls/client-facts";
import { declaredClients, synthesizedStacks } from "../calls/declared-clients";
import { connectToOf } from "../calls/reach";
import { command, usage } from "../cli/command";
import { writeCliConfig } from "../engines/cli-config";
import { settleSources } from "../engines/settle-sources";
import type { Output } from "../output";
import { openProject, type Project } from "../project/project";
import { keycloakProviderAddresses, localStates } from "../project/state";

export const envCommand = command({
  name: "env",
  help: 'exports for a shell: eval "$(m2m env)" makes bare `npx cdktf` or `npx cdktn` work as m2m does',
  options: {
    client: { value: "ID", help: "instead what a machine in any language needs to sign in as this client" },
    ...WHERE,
  },
  async run({ options: { client, ...where }, out }) {
    const project = openProject();
    if (client !== undefined) print(out, await environmentOf(project, client, where, out));
    else if (where.stack ?? where.realm) throw usage("--stack and --realm are for env --client");
    else print(out, await environmentFor(project));
    return 0;
  },
});

/** Exports for a POSIX shell. */
function print(out: Output, env: Readonly<Record<string, string>>): void {
  const text = Object.entries(env).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'`);
  out.result(text.join("\n"), env);
}

/** What a machine needs to sign in as a client. */
async function environmentOf(project: Project, clientId: string, where: Where, out: Output) {
  const stacks = await synthesizedStacks(project, out);
  const client = chooseClient(declaredClients(project, stacks), clientId, where);
  const { variables, warnings } = clientFacts(client, connectToOf(client, stacks));
  for (const warning of warnings) out.warn(warning);
  return variables;
}

/** The variables that make a bare `npx cdktf` or `npx cdktn` work as this program does. Settles the sources if nothing has yet. */
async function environmentFor(project: Project): Promise<Record<string, string>> {
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  const [{ engine }, terraform] = await Promise.all([findDockerEngine(), findTerraform().catch(() => undefined)]);
  return {
    ...(await writeCliConfig(cacheFolder(), sources)),
    ...(engine?.host && { DOCKER_HOST: engine.host }),
    // Both CLIs know the name terraform only.
    ...(terraform && terraform.binary !== "terraform" && { TERRAFORM_BINARY_NAME: terraform.binary }),
  };
}
