import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeployer } from "../../constructs/contract/markers";
import {
  EMBEDDED_KEYCLOAK,
  OFFICIAL_KEYCLOAK,
  officialProviderSignsInBy,
  readSources,
} from "../../constructs/contract/sources";
import { findTerraform } from "../bring/terraform";
import { command } from "../cli/command";
import { settleSources } from "../engines/settle-sources";
import { startTerraform } from "../engines/terraform";
import { type Output, ToolError } from "../output";
import { openProject, type Project, readStacks, type Stack } from "../project/project";
import { recordSources } from "../project/sources";
import {
  EMPTY,
  keycloakProviderAddresses,
  localStateFile,
  localStates,
  readState,
  type State,
  stateFile,
} from "../project/state";
import { synthesize } from "../project/synth";
import { refuseUnserved } from "../project/unserved";
import { openSession, stateOf } from "../session";

export const providerCommand = command({
  name: "provider",
  words: "[registry|embedded]",
  oneOf: ["registry", "embedded"],
  help: "print where the Keycloak provider comes from, or switch",
  async run({ words: [to], out, interruption }) {
    const elsewhere = async (stack: Stack) => stateOf(await openSession(out, interruption), stack);
    await switchProvider(out, to as keyof typeof ADDRESSES | undefined, elsewhere);
    return 0;
  },
});

const ADDRESSES = { registry: OFFICIAL_KEYCLOAK.source, embedded: EMBEDDED_KEYCLOAK.source } as const;

/**
 * Prints where the Keycloak provider comes from, or switches: the record, and the entries of the states. Nothing is
 * switched to the embedded provider if a state has what it does not serve.
 *
 * @param stateElsewhere reads a state that no file here has
 */
export async function switchProvider(
  out: Output,
  to: keyof typeof ADDRESSES | undefined,
  stateElsewhere: (stack: Stack) => Promise<State>,
): Promise<void> {
  const project = openProject();
  const isNew = readSources(project.folder) === undefined && localStates(project).length === 0;
  const sources = await settleSources(project, keycloakProviderAddresses(localStates(project)));
  if (to === undefined) {
    out.result(sources.keycloakProvider, sources);
    return;
  }
  const address = ADDRESSES[to];
  // From a fresh checkout nothing is deployed, and a synthesis would make keys.
  const stacks = isNew ? [] : await stacksOf(project, out);
  if (to === "registry") refuseSignIn(stacks);
  const files = stateFiles(project, stacks);
  const elsewhere = stacks.filter((stack) => localStateFile(stack) === undefined);
  if (to === "embedded") {
    const states = new Map(files.map((file) => [file, readState(file)]));
    for (const stack of elsewhere) {
      const state = await stateElsewhere(stack).catch((error: Error) => {
        out.warn(`what the state of stack ${stack.name} has is not known: ${error.message}`);
        return EMPTY;
      });
      states.set(`the state of stack ${stack.name}`, state);
    }
    refuseUnserved(states);
  }
  if (files.length > 0) await replaceIn(files, address);
  await recordSources(project, { ...sources, keycloakProvider: address, why: `switched by \`m2m provider ${to}\`` });
  for (const { name, folder } of elsewhere) {
    out.warn(
      `the state of stack ${name} is kept elsewhere and is not switched; run:\n  (cd ${folder} && terraform state replace-provider ${ADDRESSES[to === "registry" ? "embedded" : "registry"]} ${address})`,
    );
  }
  // It was initialised with the other provider. The command above still needs it.
  if (elsewhere.length === 0) rmSync(project.outdir, { recursive: true, force: true });
  out.result(`the Keycloak provider is ${address} now; see \`m2m diff\``, { keycloakProvider: address });
}

/** After the switch Terraform could not sign in any more, and the synthesis would refuse the deployer. */
function refuseSignIn(stacks: readonly Stack[]): void {
  const clients = stacks.flatMap(({ json }) => Object.values(json.resource?.keycloak_openid_client ?? {}));
  for (const client of clients.filter(isDeployer)) {
    const { "token.endpoint.auth.signing.alg": algorithm = "" } = client.extra_config as { [key: string]: string };
    if (officialProviderSignsInBy(algorithm)) continue;
    throw new ToolError(
      "deployer-locked-out",
      `Terraform signs in as ${client.client_id} by ${algorithm}, which the official provider cannot; rotate its key first (\`m2m keys prepare NAME --algorithm RS256\`), deploy, and then switch`,
    );
  }
}

/** The synthesized stacks, which say where each state is. After an earlier switch there are none. */
async function stacksOf(project: Project, out: Output): Promise<Stack[]> {
  const stacks = readStacks(project);
  if (stacks.length > 0) return stacks;
  return (await synthesize(project, out, { createKeys: "never", reissue: false, newKeys: false })).stacks;
}

function stateFiles(project: Project, stacks: readonly Stack[]): string[] {
  const beside = localStates(project).map(({ stack }) => stateFile(project, stack));
  return [...new Set([...beside, ...stacks.flatMap((stack) => localStateFile(stack) ?? [])])];
}

async function replaceIn(files: readonly string[], to: string): Promise<void> {
  const others = (file: string) => keycloakProviderAddresses([readState(file)]).filter((address) => address !== to);
  const { binary } = await findTerraform();
  // In an empty folder nothing has to be initialised, which would need the former provider.
  const empty = mkdtempSync(join(tmpdir(), "m2m-provider-"));
  const problems: string[] = [];
  try {
    for (const file of files) {
      for (const from of others(file)) {
        const args = ["state", "replace-provider", "-auto-approve", "-no-color", `-state=${file}`, from, to];
        const { failed, stderr } = await startTerraform(binary, args, { cwd: empty, reject: false, stdin: "ignore" });
        if (failed) problems.push(String(stderr).trim());
      }
    }
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
  const left = files.filter((file) => others(file).length > 0);
  if (left.length === 0) return;
  throw new ToolError(
    "not-switched",
    `${left.join(", ")} still names ${left.flatMap(others).join(", ")}, and the switch is not recorded; solve this, then run the same command again:\n${problems.join("\n") || "Terraform printed nothing"}`,
  );
}
