import { join, normalize } from "node:path";
import { CLIENT, certificateIn } from "../../constructs/contract/client-keys";
import { isDeployer, type PairDescription, pairsIn } from "../../constructs/contract/markers";
import { plain } from "../../constructs/contract/terraform-text";
import { KeyError } from "../../constructs/keys/errors";
import { activeOf, type KeyRecord } from "../../constructs/keys/key-record";
import { readRecord } from "../../constructs/keys/key-store";
import { filesOf, type PairFiles } from "../../constructs/keys/pair-files";
import { quoted } from "../../constructs/keys/shown";
import { ToolError } from "../output";
import { certifiedKid, kidsInContainers, publishedKids } from "../project/known-keys";
import type { Project, Stack } from "../project/project";
import type { State } from "../project/state";

/** A client that signs with a pair. */
export interface PairClient {
  readonly stack: Stack;
  readonly address: string;
  readonly clientId: string;
  readonly realm: string;
  /** The keys that Keycloak accepts from it by the state; none before its first deploy. */
  readonly deployed: readonly string[];
  /** The key that it was told signs, by the state. */
  readonly certified: string | undefined;
  /** Whether Terraform signs in as it, and its provider's alias in the stack. */
  readonly isDeployer: boolean;
  readonly providerAlias: string | undefined;
}

/** A key pair that the project declares, with what is known of it. */
export interface Pair {
  readonly name: string;
  readonly description: PairDescription;
  readonly files: PairFiles;
  readonly record: KeyRecord;
  readonly clients: readonly PairClient[];
  /** The keys that containers were given, by the states. */
  readonly containers: readonly string[];
}

/** The pairs of the synthesized stacks; several may declare the same pair. `broken` is told of a record that cannot be read. */
export function readPairs(
  project: Project,
  stacks: readonly Stack[],
  states: ReadonlyMap<string, State>,
  broken: (name: string, error: KeyError) => void = (_name, error) => {
    throw error;
  },
): Pair[] {
  const pairs = new Map<string, Pair>();
  const clients = stacks.flatMap((stack) => clientsOf(stack, states.get(stack.name)));
  const containers = [...states.values()].flatMap(kidsInContainers);
  for (const description of stacks.flatMap(({ json }) => pairsIn(json))) {
    const { name } = description;
    const files = filesOf(project.folder, description);
    const record = recordOf(files, description, broken);
    if (!record) continue; // removed since the synthesis
    const { certificate } = activeOf(record);
    const own = clients.filter((client) => client.certificate === certificate);
    pairs.set(files.record, { name, description, files, record, clients: own, containers });
  }
  return [...pairs.values()].sort((one, two) => (one.name < two.name ? -1 : 1));
}

function recordOf(
  files: PairFiles,
  { name, algorithm }: PairDescription,
  broken: (name: string, error: KeyError) => void,
): KeyRecord | undefined {
  try {
    return readRecord(files, algorithm);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    broken(name, error);
    return undefined;
  }
}

/** What Keycloak accepts from each client of a pair, by the state. */
export function deployedOf({ clients }: Pair): (readonly string[])[] {
  return clients.map(({ deployed }) => deployed);
}

/** The pairs that are named, by name, by folder and name, or by client id. @throws {ToolError} `client-unknown` */
export function choosePairs(pairs: readonly Pair[], names: readonly string[]): Pair[] {
  const pathOf = ({ name, description }: Pair) => join(description.directory, name);
  const isTwice = ({ name }: Pair) => pairs.filter((pair) => pair.name === name).length > 1;
  const known = pairs.map((pair) => (isTwice(pair) ? pathOf(pair) : pair.name)).join(", ") || "none";
  const chosen = names.map((name) => {
    const byPath = pairs.filter((pair) => pathOf(pair) === normalize(name));
    const byName = pairs.filter((pair) => pair.name === name || pair.clients.some(({ clientId }) => clientId === name));
    const found = byPath.length === 1 ? byPath : byName;
    if (found.length === 1) return found[0]!;
    const problem = found.length === 0 ? "no key pair" : `${found.length} key pairs`;
    throw new ToolError("client-unknown", `${problem} of ${quoted(name)}; key pairs of this project: ${known}`);
  });
  return [...new Set(chosen)];
}

function clientsOf(stack: Stack, state: State | undefined): (PairClient & { certificate: string })[] {
  return Object.entries(stack.json.resource?.[CLIENT] ?? {}).map(([name, config]) => {
    const address = `${CLIENT}.${name}`;
    return {
      stack,
      address,
      clientId: plain(String(config.client_id)),
      realm: plain(String(config.realm_id)),
      deployed: publishedKids(state, address),
      certified: certifiedKid(state, address),
      isDeployer: isDeployer(config),
      providerAlias: /^keycloak\.(.+)$/.exec(String(config.provider ?? ""))?.[1],
      certificate: certificateIn(config) ?? "",
    };
  });
}
