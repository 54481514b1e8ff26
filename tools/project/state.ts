import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { stackOfStateFile, stateFileName } from "../../constructs/contract/project-files";
import { MOST_STATE_BYTES, readTextFile, readTextIfThere } from "../../constructs/keys/read-file";
import { ToolError } from "../output";
import type { Project, Stack } from "./project";

/** What is read of a Terraform state, version 4. */
export interface State {
  readonly outputs: Record<string, { readonly value: unknown }>;
  readonly resources: readonly StateResource[];
}

export interface StateResource {
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

/** States with the names of their stacks. */
export function named(states: ReadonlyMap<string, State>): StackState[] {
  return [...states].map(([stack, state]) => ({ stack, ...state }));
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
    return [{ stack, ...parseState(readTextFile(join(project.folder, file), { mostBytes: MOST_STATE_BYTES }), file) }];
  });
}

/** Where the state of a stack is then. */
export function stateFile(project: Project, stack: string): string {
  return join(project.folder, stateFileName(stack));
}

/**
 * The state file of a stack with a local backend. cdktf's own backend has an absolute path, ours a relative one. The state
 * of another workspace than the default one is elsewhere: Terraform knows where.
 */
export function localStateFile(stack: Stack): string | undefined {
  const path = stack.json.terraform.backend?.local?.path;
  return path === undefined || isInWorkspace(stack) ? undefined : resolve(stack.folder, path);
}

/** @see https://developer.hashicorp.com/terraform/cli/workspaces */
function isInWorkspace({ folder }: Stack): boolean {
  const selected = join(folder, ".terraform", "environment");
  const name = process.env.TF_WORKSPACE || (readTextIfThere(selected) ?? "").trim();
  return name !== "" && name !== "default";
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
  return parseState(readTextIfThere(file, { mostBytes: MOST_STATE_BYTES }) ?? "", file);
}

/** The addresses of the Keycloak providers that wrote these states. */
export function keycloakProviderAddresses(states: readonly State[]): string[] {
  const found = states
    .flatMap(({ resources }) => resources)
    .filter(({ type }) => type.startsWith("keycloak_"))
    .map(({ provider }) => /provider\["([^"]+)"\]/.exec(provider)?.[1])
    .filter((address) => address !== undefined);
  return [...new Set(found)];
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
