import { X509Certificate } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { keyId } from "../../constructs/keys/certificate";
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

/** As `MachineContainer` labels the key that a container was given. */
const KID_LABEL = "cdktf-keycloak-m2m.kid";

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
    const stack = /^terraform\.(.+)\.tfstate$/.exec(file)?.[1];
    if (stack === undefined) return [];
    return [{ stack, ...parseState(readFileSync(join(project.folder, file), "utf8"), file) }];
  });
}

/** Where such a state lies. */
export function stateFile(project: Project, stack: string): string {
  return join(project.folder, `terraform.${stack}.tfstate`);
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
  return states.flatMap(({ stack, resources }) =>
    resources
      .filter(({ mode, type }) => mode === "managed" && type === "keycloak_openid_client")
      .flatMap(({ type, name, instances }) =>
        instances.flatMap(({ attributes }) => certificateOf(stack, `${type}.${name}`, attributes.extra_config)),
      ),
  );
}

/** What a client in the states has to sign its assertions with. */
export interface DeclaredAlgorithm {
  /** By whatever key. */
  readonly pinned?: string;
  /** By each key of its JWKS: while keys of two kinds are accepted, nothing is pinned. */
  readonly ofKey: Readonly<Record<string, string>>;
}

export function declaredAlgorithms(states: readonly State[]): [clientId: string, algorithm: DeclaredAlgorithm][] {
  return states
    .flatMap(({ resources }) => resources)
    .filter(({ mode, type }) => mode === "managed" && type === "keycloak_openid_client")
    .flatMap(({ instances }) => instances)
    .flatMap(({ attributes: { client_id, extra_config } }) => {
      const attributes = (extra_config ?? {}) as Record<string, string>;
      const pinned = attributes["token.endpoint.auth.signing.alg"];
      const ofKey = Object.fromEntries(keysIn(attributes).flatMap(({ kid, alg }) => (alg ? [[kid, alg]] : [])));
      return typeof client_id === "string" ? [[client_id, { pinned, ofKey }]] : [];
    });
}

/** The certificates that a synthesis declares. */
export function declaredKeys(stacks: readonly Stack[]): KnownKey[] {
  return stacks.flatMap(({ name: stack, json }) =>
    Object.entries(json.resource?.keycloak_openid_client ?? {}).flatMap(([name, config]) =>
      certificateOf(stack, `keycloak_openid_client.${name}`, config.extra_config),
    ),
  );
}

function certificateOf(stack: string, address: string, extraConfig: unknown): KnownKey[] {
  const attributes = (extraConfig ?? {}) as Record<string, string>;
  const base64 = attributes["jwt.credential.certificate"];
  if (!base64) return [];
  try {
    const certificate = new X509Certificate(Buffer.from(base64, "base64"));
    const name = /^CN=(.+)$/m.exec(certificate.subject)?.[1] ?? "";
    return [{ stack, address, name, kid: keyId(certificate.publicKey), accepted: acceptedKids(attributes) }];
  } catch {
    return []; // not a certificate: Keycloak will say so better
  }
}

/** The keys that Keycloak accepts from a client, by the state; none where the state does not know it. */
export function publishedKids(state: State | undefined, address: string): string[] {
  return attributesOf(state, address).flatMap(acceptedKids);
}

/** The key that the deploys so far have said signs: that of a client's certificate. */
export function certifiedKid(state: State | undefined, address: string): string | undefined {
  const [extraConfig] = attributesOf(state, address);
  return kidOfCertificate(extraConfig?.["jwt.credential.certificate"]);
}

/** By the attributes of a client: those of its JWKS, or the one of its certificate. */
function acceptedKids(attributes: Record<string, string>): string[] {
  if (attributes["use.jwks.string"] !== "true") {
    const kid = kidOfCertificate(attributes["jwt.credential.certificate"]);
    return kid === undefined ? [] : [kid];
  }
  return keysIn(attributes).map(({ kid }) => kid);
}

function keysIn(attributes: Record<string, string>): { readonly kid: string; readonly alg?: string }[] {
  try {
    return (JSON.parse(attributes["jwks.string"] ?? "") as { keys?: { kid: string }[] }).keys ?? [];
  } catch {
    return []; // nothing that Keycloak could read either
  }
}

/** The keys that a state's containers of machines were given. */
export function kidsInContainers({ resources }: State): string[] {
  const containers = resources.filter(({ mode, type }) => mode === "managed" && type === "docker_container");
  return containers
    .flatMap(({ instances }) => instances)
    .flatMap(({ attributes }) => (attributes.labels ?? []) as { label: string; value: string }[])
    .filter(({ label }) => label === KID_LABEL)
    .map(({ value }) => value);
}

function kidOfCertificate(base64 = ""): string | undefined {
  try {
    return keyId(new X509Certificate(Buffer.from(base64, "base64")).publicKey);
  } catch {
    return undefined; // likewise
  }
}

function attributesOf(state: State | undefined, address: string): Record<string, string>[] {
  const found = state?.resources.find(({ mode, type, name }) => mode === "managed" && `${type}.${name}` === address);
  return (found?.instances ?? []).map(({ attributes }) => (attributes.extra_config ?? {}) as Record<string, string>);
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
