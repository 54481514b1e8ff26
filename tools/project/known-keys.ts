import {
  acceptedKids,
  CLIENT,
  certifiedKey,
  type DeclaredAlgorithm,
  declaredAlgorithm,
} from "../../constructs/contract/client-keys";
import { kidsInLabels } from "../../constructs/contract/docker-names";
import type { ResourceJson } from "../../constructs/contract/terraform-json";
import { plain } from "../../constructs/contract/terraform-text";
import type { Stack } from "./project";
import type { StackState, State, StateResource } from "./state";

/** A certificate that a state holds. The address names a client within its stack only. */
export interface KnownKey {
  readonly stack: string;
  readonly address: string;
  /** Realm and client id, which stay if the construct is renamed. */
  readonly client: string;
  /** The certificate's CN, which is the key pair's name. */
  readonly name: string;
  readonly kid: string;
  /** All keys that are accepted, this one among them. */
  readonly accepted: readonly string[];
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
  return clientsIn(states).map(([clientId, attributes]) => [clientId, declaredAlgorithm(attributes)]);
}

/** The clients in the states whose tokens are bound in some way. */
export function boundClients(states: readonly State[], isBound: (client: ResourceJson) => boolean): string[] {
  return clientsIn(states).flatMap(([clientId, attributes]) => (isBound(attributes) ? [clientId] : []));
}

function clientsIn(states: readonly State[]): [clientId: string, attributes: ResourceJson][] {
  return states
    .flatMap(({ resources }) => resources)
    .filter(isClient)
    .flatMap(({ instances }) => instances)
    .flatMap(({ attributes }) => {
      const { client_id: clientId } = attributes;
      return typeof clientId === "string" ? [[clientId, attributes]] : [];
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
  if (key === undefined) return [];
  const names = [client.realm_id, client.client_id].map((name = "") => plain(String(name)));
  return [{ stack, address, client: names.join("/"), ...key, accepted: acceptedKids(client) }];
}

function isClient({ mode, type }: StateResource): boolean {
  return mode === "managed" && type === CLIENT;
}

/** The keys that Keycloak accepts from a client, by the state; none if the state does not know the client. */
export function publishedKids(state: State | undefined, address: string): string[] {
  return instancesOf(state, address).flatMap(acceptedKids);
}

/** The key that signs, by the last deploy: that of the client's certificate. */
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
