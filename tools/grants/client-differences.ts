import type { DeclaredMachine, DeclaredRealm } from "./declared";
import { about, type Difference, type Kind, UP_REPAIRS } from "./difference";
import { grantDifferences } from "./grant-differences";
import { DEVICE_FLOW, type LiveClient, type LiveRealm } from "./live";
import { accessOf } from "./model";
import { roleDifferences } from "./role-differences";

/** What differs in the clients of a realm: those declared, then others that may call something. */
export function clientDifferences(declared: DeclaredRealm, live: LiveRealm): Difference[] {
  const own = [...declared.machines.values()].flatMap((machine) => {
    const client = live.clients.get(machine.clientId);
    if (client)
      return [
        ...settings(machine, client),
        ...grantDifferences(machine, client, live),
        ...roleDifferences(machine, client, live),
      ];
    const text = `the client ${machine.clientId} is not there: \`m2m up\` makes it`;
    return [about("client-missing", machine.clientId, text)];
  });
  return [...own, ...strangers(declared, live).map((client) => stranger(client, declared, live))];
}

/**
 * The clients that are not declared so and count: in a realm that is declared here each machine, in any realm whoever may
 * call an API that is declared here.
 */
export function strangers(declared: DeclaredRealm, live: LiveRealm): LiveClient[] {
  return [...live.clients.values()].filter((client) => {
    if (declared.machines.has(client.clientId)) return false;
    const other = declared.others.get(client.clientId);
    const known = other && accessOf(other, declared.scopes);
    const calls = [...accessOf(client, live.scopes).keys()].some((api) => declared.apis.has(api) && !known?.has(api));
    return calls || (client.isMachine && declared.isDeclared);
  });
}

function stranger(client: LiveClient, declared: DeclaredRealm, live: LiveRealm): Difference {
  const apis = [...accessOf(client, live.scopes).keys()];
  const may = apis.length === 0 ? "may call nothing" : `may call ${apis.join(", ")}`;
  const kind = client.isMachine ? "client" : "client (of users, no machine)";
  const off = client.isEnabled ? "" : ", once it is enabled";
  const how = declared.others.has(client.clientId) ? "declared otherwise" : "not declared here";
  const text = `the ${kind} ${client.clientId} is ${how} and ${may}${off}: leave it if another configuration declares it, remove it in Keycloak if it was added by hand, or declare it`;
  return about("client-added", client.clientId, text);
}

/** Whether the client can sign in as declared, and what its tokens are bound to. */
function settings({ clientId: id, settings: wanted, boundTo, hasFullScope }: DeclaredMachine, live: LiveClient) {
  const found: Difference[] = [];
  const add = (kind: Kind, what: string) => found.push(about(kind, id, `${what}: ${UP_REPAIRS}`));
  if (wanted.enabled !== false && !live.isEnabled)
    add("client-disabled", `${id} is disabled, so that it gets no token`);
  if (!live.isMachine)
    add("service-account-off", `the service account of ${id} is switched off, so that it gets no token`);
  if (!live.isAccountEnabled) {
    const text = `the service account of ${id} is disabled as a user, so that it gets no token: enable the user service-account-${id} in Keycloak`;
    found.push(about("service-account-disabled", id, text));
  }
  const method = wanted.client_authenticator_type;
  if (method !== undefined && method !== live.authenticator) {
    add("client-authenticator", `${id} signs in by ${live.authenticator}, not by ${method}`);
  }
  if (wanted.access_type === "CONFIDENTIAL" && live.isPublic) {
    add("client-public", `${id} is a public client now, which proves nothing`);
  }
  if (!hasFullScope && live.hasFullScope) {
    add(
      "full-scope-on",
      `"Full scope allowed" of ${id} is on, so that its tokens carry every role of its service account`,
    );
  }
  for (const flow of live.userFlows.filter((name) => isDeclaredOff(wanted, name))) {
    add("flow-on", `"${flow}" of ${id} is on, so that users can sign in by it`);
  }
  if (boundTo !== live.boundTo) {
    add("binding-changed", `the tokens of ${id} are bound to ${live.boundTo}, not to ${boundTo}`);
  }
  return [...found, ...attributes(id, wanted, live)];
}

const FLOWS: Readonly<Record<string, string>> = {
  "Standard flow": "standard_flow_enabled",
  "Implicit flow": "implicit_flow_enabled",
  "Direct access grants": "direct_access_grants_enabled",
  [DEVICE_FLOW]: "oauth2_device_authorization_grant_enabled",
};

/** What is not said stays as it is in Keycloak, but for this one: the provider takes it for off. */
function isDeclaredOff(wanted: DeclaredMachine["settings"], flow: string): boolean {
  const said = wanted[FLOWS[flow]!];
  return said === false || (said === undefined && flow === DEVICE_FLOW);
}

/** A binding has its own difference. The values are public keys, which nobody wants to read here. */
function attributes(id: string, { extra_config = {} }: DeclaredMachine["settings"], live: LiveClient): Difference[] {
  const wanted = Object.entries(extra_config as Record<string, string>);
  const changed = wanted.filter(([name, value]) => !name.startsWith("tls.") && live.attributes[name] !== String(value));
  if (changed.length === 0) return [];
  const names = changed.map(([name]) => name).join(", ");
  const text = `${id} signs in with other keys than declared (${names}), changed by hand or not deployed yet: ${UP_REPAIRS}`;
  return [about("client-attribute", id, text)];
}
