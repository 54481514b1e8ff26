import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import {
  acceptedKids,
  CLIENT,
  certifiedKey,
  type DeclaredAlgorithm,
  declaredAlgorithm,
} from "../../constructs/contract/client-keys";
import { kidsInLabels } from "../../constructs/contract/docker-names";
import { stackOfStateFile, stateFileName } from "../../constructs/contract/project-files";
import type { ResourceJson } from "../../constructs/contract/terraform-json";
import { ToolError } from "../output";
import type { Project, Stack } from "./project";

/** What is read of a Terraform state, version 4. */
export interface State {
  readonly outputs: Record<string, { readonly value: unknown }>;
  readonly resources: readonly StateResource[];
}

interface StateResource {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly provider: string;
  readonly instances: readonly { readonly attributes: Record<string, unknown> }[];
}

/** The state of one stack. */
export interface StackState extends State {
  readonly stack: string;
}

/** A certificate that a state holds: an address says which client only within its stack. */
export interface KnownKey {
  readonly stack: string;
  readonly address: string;
  /** The certificate's CN, which is the key pair's name. */
  readonly name: string;
  readonly kid: string;
  /** All keys that are accepted, this one among them. */
  readonly accepted: readonly string[];
}

export const EMPTY: State = { outputs: {}, resources: [] };

export function parseState(text: string, where: string): State {
  if (text.trim() === "") return EMPTY;
  try {
    const { outputs = {}, resources = [] } = JSON.parse(text);
    return { outputs, resources };
  } catch (cause) {
    throw new ToolError("state-corrupt", `${where} must be a Terraform state in JSON; restore it from its backup`, {
      cause,
    });
  }
}

/** The states kept beside `cdktf.json`, which can be read before anything is synthesized. */
export function localStates(project: Project): StackState[] {
  return readdirSync(project.folder).flatMap((file) => {
    const stack = stackOfStateFile(file);
    if (stack === undefined) return [];
    return [{ stack, ...parseState(readFileSync(join(project.folder, file), "utf8"), file) }];
  });
}

/** Where such a state lies. */
export function stateFile(project: Project, stack: string): string {
  return join(project.folder, stateFileName(stack));
}

/** The state file of a stack with a local backend; cdktf's own backend has an absolute path, ours a relative one. */
export function localStateFile(stack: Stack): string | undefined {
  const path = stack.json.terraform.backend?.local?.path;
  return path === undefined ? undefined : resolve(stack.folder, path);
}

/** A state file, and the copies that Terraform leaves beside it. */
export function withBackups(file: string): string[] {
  const isCopy = (name: string) => name.startsWith(`${basename(file)}.`) && /\.tfstate\.(\d+\.)?backup$/.test(name);
  const copies = existsSync(dirname(file)) ? readdirSync(dirname(file)).filter(isCopy) : [];
  return [file, ...copies.map((name) => join(dirname(file), name))];
}

/** The state of one stack with a local backend; empty for any other. */
export function localState(stack: Stack): State {
  const file = localStateFile(stack);
  return file ? readState(file) : EMPTY;
}

/** A state file that may not be there yet. */
export function readState(file: string): State {
  return existsSync(file) ? parseState(readFileSync(file, "utf8"), file) : EMPTY;
}

/** The addresses of the Keycloak providers that a state was written by. */
export function keycloakProviderAddresses(states: readonly State[]): string[] {
  const found = states
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type.startsWith("keycloak_"))
    .map(({ provider }) => /provider\["([^"]+)"\]/.exec(provider)?.[1])
    .filter((address) => address !== undefined);
  return [...new Set(found)];
}

export function knownKeys(states: readonly StackState[]): KnownKey[] {
  return states.flatMap((state) =>
    state.resources
      .filter(isClient)
      .flatMap(({ type, name, instances }) =>
        instances.flatMap(({ attributes }) => knownKey(state.stack, `${type}.${name}`, attributes)),
      ),
  );
}

/** What each client in the states has to sign its assertions with. */
export function declaredAlgorithms(states: readonly State[]): [clientId: string, algorithm: DeclaredAlgorithm][] {
  return states
    .flatMap(({ resources }) => resources)
    .filter(isClient)
    .flatMap(({ instances }) => instances)
    .flatMap(({ attributes }) => {
      const { client_id: clientId } = attributes;
      return typeof clientId === "string" ? [[clientId, declaredAlgorithm(attributes)]] : [];
    });
}

/** The certificates that a synthesis declares. */
export function declaredKeys(stacks: readonly Stack[]): KnownKey[] {
  return stacks.flatMap(({ name: stack, json }) =>
    Object.entries(json.resource?.[CLIENT] ?? {}).flatMap(([name, client]) =>
      knownKey(stack, `${CLIENT}.${name}`, client),
    ),
  );
}

function knownKey(stack: string, address: string, client: ResourceJson): KnownKey[] {
  const key = certifiedKey(client);
  return key === undefined ? [] : [{ stack, address, ...key, accepted: acceptedKids(client) }];
}

function isClient({ mode, type }: StateResource): boolean {
  return mode === "managed" && type === CLIENT;
}

/** The keys that Keycloak accepts from a client, by the state; none where the state does not know it. */
export function publishedKids(state: State | undefined, address: string): string[] {
  return instancesOf(state, address).flatMap(acceptedKids);
}

/** The key that the deploys so far have said signs: that of a client's certificate. */
export function certifiedKid(state: State | undefined, address: string): string | undefined {
  return certifiedKey(instancesOf(state, address)[0] ?? {})?.kid;
}

/** The keys that a state's containers of machines were given. */
export function kidsInContainers({ resources }: State): string[] {
  const containers = resources.filter(({ mode, type }) => mode === "managed" && type === "docker_container");
  return containers.flatMap(({ instances }) => instances).flatMap(({ attributes }) => kidsInLabels(attributes));
}

function instancesOf(state: State | undefined, address: string): ResourceJson[] {
  const found = state?.resources.find(({ mode, type, name }) => mode === "managed" && `${type}.${name}` === address);
  return (found?.instances ?? []).map(({ attributes }) => attributes);
}

/** All entries that a Keycloak server holds, with the alias of the provider that reaches it. */
export function keycloakEntries(state: State): { address: string; alias: string | undefined }[] {
  return state.resources
    .filter(({ mode, type }) => mode === "managed" && type.startsWith("keycloak_"))
    .map(({ type, name, provider }) => ({
      address: `${type}.${name}`,
      alias: /"\]\.([\w-]+)$/.exec(provider)?.[1],
    }));
}
