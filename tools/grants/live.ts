import type { Ask } from "../keycloak/admin-api";
import { refused } from "../keycloak/admin-login";
import { inTurns } from "./in-turns";
import type { Machine, Role, Scope, Way } from "./model";

/** A protocol mapper, as far as it decides who may call what. */
export interface LiveMapper {
  readonly name: string;
  /** Keycloak's name of its kind. */
  readonly kind: string;
  /** What it puts into `aud`. */
  readonly audiences: readonly string[];
}

/** A client scope in Keycloak. */
export interface LiveScope extends Scope {
  readonly allMappers: readonly LiveMapper[];
}

/** A client in Keycloak. */
export interface LiveClient extends Machine {
  readonly isEnabled: boolean;
  /** Whether it signs in for itself. */
  readonly isMachine: boolean;
  readonly authenticator: string;
  readonly isPublic: boolean;
  /** The flows by which users sign in that are on, in the admin console's words. */
  readonly userFlows: readonly string[];
  readonly attributes: Readonly<Record<string, string>>;
  readonly allMappers: readonly LiveMapper[];
  /** Whether its service account, a user, may sign in. */
  readonly isAccountEnabled: boolean;
}

/** What Keycloak has in one realm. */
export interface LiveRealm {
  readonly scopes: ReadonlyMap<string, LiveScope>;
  readonly clients: ReadonlyMap<string, LiveClient>;
  /** Whether the roles of service accounts could be read. */
  readonly knowsRoles: boolean;
}

const PAGE = 500;
const AT_ONCE = 8;

/**
 * Reads a realm: all clients and all service accounts by pages of 500, all client scopes at once, and two requests for each
 * machine, eight at a time. `undefined` for a realm that is not there.
 *
 * @throws {ToolError} `keycloak-unreachable` where Keycloak does not answer, or refuses to tell
 */
export async function liveRealm(ask: Ask, realm: string): Promise<LiveRealm | undefined> {
  const answer = await ask(realm, "client-scopes");
  if (answer.status === 404) return undefined;
  const scopes = listOf<ScopeJson>(answer, realm, "client scopes");
  const clients = await paged<ClientJson>(ask, realm, "clients");
  const accounts = await accountsOf(ask, realm);
  const ofOidc = clients.filter(({ protocol = "openid-connect" }) => protocol === "openid-connect");
  const read = await inTurns(ofOidc, AT_ONCE, (client) => readClient(ask, realm, client, accounts));
  return {
    scopes: new Map(scopes.map((scope) => [scope.name, readScope(scope)])),
    clients: new Map(read.map((client) => [client.clientId, client])),
    knowsRoles: accounts !== undefined,
  };
}

interface MapperJson {
  readonly name: string;
  readonly protocolMapper: string;
  readonly config?: Readonly<Record<string, string>>;
}

interface ScopeJson {
  readonly name: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly protocolMappers?: readonly MapperJson[];
}

interface ClientJson {
  readonly id: string;
  readonly clientId: string;
  readonly protocol?: string;
  readonly enabled: boolean;
  readonly publicClient: boolean;
  readonly clientAuthenticatorType: string;
  readonly serviceAccountsEnabled: boolean;
  readonly standardFlowEnabled: boolean;
  readonly implicitFlowEnabled: boolean;
  readonly directAccessGrantsEnabled: boolean;
  readonly fullScopeAllowed: boolean;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly protocolMappers?: readonly MapperJson[];
  readonly defaultClientScopes?: readonly string[];
  readonly optionalClientScopes?: readonly string[];
}

interface UserJson {
  readonly id: string;
  readonly username: string;
  readonly enabled: boolean;
}

interface MappingsJson {
  readonly realmMappings?: readonly { readonly name: string }[];
  readonly clientMappings?: Readonly<Record<string, { readonly mappings: readonly { readonly name: string }[] }>>;
}

function listOf<T>({ status, body }: Awaited<ReturnType<Ask>>, realm: string, what: string): T[] {
  if (status === 200) return body as T[];
  throw notTold(status, realm, what);
}

function notTold(status: number, realm: string, what: string) {
  const advice = status === 403 ? "; sign in as one who may view clients and users" : "";
  return refused(`the ${what} of realm ${realm} were answered with HTTP ${status}${advice}`);
}

async function paged<T>(ask: Ask, realm: string, what: string, query: Record<string, string> = {}): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = new URLSearchParams({ ...query, first: String(found.length), max: String(PAGE) });
    const list = listOf<T>(await ask(realm, what, `?${page}`), realm, what);
    found.push(...list);
    if (list.length < PAGE) return found;
  }
}

const OF_SERVICE_ACCOUNT = "service-account-";

/** The service accounts by their names; `undefined` for one who may not see users. */
async function accountsOf(ask: Ask, realm: string): Promise<Map<string, UserJson> | undefined> {
  const query = { username: OF_SERVICE_ACCOUNT, briefRepresentation: "true" };
  const first = await ask(realm, "users", `?${new URLSearchParams({ ...query, first: "0", max: String(PAGE) })}`);
  if (first.status === 403) return undefined;
  const users = await paged<UserJson>(ask, realm, "users", query);
  return new Map(users.map((user) => [user.username, user]));
}

async function readClient(
  ask: Ask,
  realm: string,
  client: ClientJson,
  accounts: ReadonlyMap<string, UserJson> | undefined,
): Promise<LiveClient> {
  const { clientId, attributes = {}, serviceAccountsEnabled: isMachine } = client;
  const mappers = (client.protocolMappers ?? []).map(readMapper);
  const account = accounts?.get(`${OF_SERVICE_ACCOUNT}${clientId.toLowerCase()}`);
  const mappings = async (...path: string[]) => rolesIn(await ask(realm, ...path), realm);
  const [roles, scopeRoles] = await Promise.all([
    isMachine && account ? mappings("users", account.id, "role-mappings") : [],
    isMachine ? mappings("clients", client.id, "scope-mappings") : [],
  ]);
  const ways = new Map<string, Way>();
  for (const name of client.optionalClientScopes ?? []) ways.set(name, "optional");
  for (const name of client.defaultClientScopes ?? []) ways.set(name, "default");
  return {
    clientId,
    boundTo: bindingIn(attributes),
    scopes: ways,
    mappers: new Map(
      mappers.filter(({ audiences }) => audiences.length > 0).map(({ name, audiences }) => [name, audiences]),
    ),
    roles: roles.filter((role) => role.owner !== undefined || role.name !== `default-roles-${realm}`.toLowerCase()),
    scopeRoles,
    hasFullScope: client.fullScopeAllowed,
    isEnabled: client.enabled,
    isMachine,
    authenticator: client.clientAuthenticatorType,
    isPublic: client.publicClient,
    userFlows: flowsOf(client),
    attributes,
    allMappers: mappers,
    isAccountEnabled: account?.enabled ?? true,
  };
}

function readScope({ name, attributes = {}, protocolMappers = [] }: ScopeJson): LiveScope {
  const allMappers = protocolMappers.map(readMapper);
  const audiences = [...new Set(allMappers.flatMap((mapper) => mapper.audiences))];
  return { name, audiences, isNamed: attributes["include.in.token.scope"] !== "false", allMappers };
}

/** A mapper that is kept out of access tokens puts nothing into their `aud`. */
function readMapper({ name, protocolMapper: kind, config = {} }: MapperJson): LiveMapper {
  const given =
    kind === "oidc-audience-mapper"
      ? [config["included.client.audience"] || config["included.custom.audience"]]
      : kind === "oidc-hardcoded-claim-mapper" && config["claim.name"] === "aud"
        ? [config["claim.value"]]
        : [];
  const isIn = config["access.token.claim"] === "true";
  return {
    name,
    kind,
    audiences: isIn ? (given.filter((audience) => audience !== undefined && audience !== "") as string[]) : [],
  };
}

/** The flow that is among the attributes of a client. */
export const DEVICE_FLOW = "OAuth 2.0 Device Authorization Grant";

function flowsOf({ attributes = {}, ...client }: ClientJson): string[] {
  return [
    ...(client.standardFlowEnabled ? ["Standard flow"] : []),
    ...(client.implicitFlowEnabled ? ["Implicit flow"] : []),
    ...(client.directAccessGrantsEnabled ? ["Direct access grants"] : []),
    ...(attributes["oauth2.device.authorization.grant.enabled"] === "true" ? [DEVICE_FLOW] : []),
  ];
}

function bindingIn(attributes: Readonly<Record<string, string>>): Machine["boundTo"] {
  if (attributes["dpop.bound.access.tokens"] === "true") return "dpop";
  return attributes["tls.client.certificate.bound.access.tokens"] === "true" ? "certificate" : "nothing";
}

/** None for a client that was removed meanwhile. */
function rolesIn({ status, body }: Awaited<ReturnType<Ask>>, realm: string): Role[] {
  if (status !== 200 && status !== 404) throw notTold(status, realm, "roles");
  const { realmMappings = [], clientMappings = {} } = (body ?? {}) as MappingsJson;
  return [
    ...realmMappings.map(({ name }) => ({ owner: undefined, name })),
    ...Object.entries(clientMappings).flatMap(([owner, { mappings }]) => mappings.map(({ name }) => ({ owner, name }))),
  ];
}
