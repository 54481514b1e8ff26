import { randomUUID } from "node:crypto";
import type KeycloakAdminClient from "@keycloak/keycloak-admin-client";
import { unlessGone } from "../../admin-api/errors";
import type { Session } from "../../admin-api/session";
import { field, flag, flagIn, optional, required, text } from "../../engine/fields";
import { exactlyOne } from "../../engine/rules";
import type { Attribute, Endpoint, Representation, Resource } from "../../engine/table";
import type { ObjectValue } from "../../protocol/values";
import { forgetScopes, readScope } from "./client-scopes";
import { changingClient, readClient } from "./clients";
import { realmParentAndMapper } from "./import-ids";
import { ofKind, ownerOf } from "./owner";

/** Where a mapper keeps its settings, as text. */
export const CONFIG = "config";

/** Whether the claim goes into this kind of token or answer. It does by default. */
export function addTo(key: string): Attribute {
  return { ...flag, ...optional, default: true, ...flagIn(CONFIG, key) };
}

/** A mapper as a resource: what all mappers have in common, and the `own` attributes of this kind. */
export function mapperResource(
  resource: Pick<Resource, "name" | "rules"> & {
    kind: string;
    protocolMapper: string;
    own: { [name: string]: Attribute };
    /** Throws if a mapper so planned would do nothing. */
    check?: Check;
  },
): Resource {
  const { name, kind, protocolMapper, own, check, rules = [] } = resource;
  return {
    name,
    title: (values) => `${kind} "${values.name}" of ${ownerOf(values).owner}`,
    version: 0,
    attributes: {
      realm_id: { ...text, ...required, replace: true },
      client_id: { ...text, ...optional, replace: true },
      client_scope_id: { ...text, ...optional, replace: true },
      name: { ...text, ...required, ...field("name", "") },
      ...own,
    },
    endpoint: mapperEndpoint({ protocol: "openid-connect", protocolMapper }, check),
    rules: [exactlyOne(["client_id", "client_scope_id"]), ...rules],
    importId: realmParentAndMapper,
  };
}

/** The owner with its mappers, as this run knows it. */
function readOwner(session: Session, state: ObjectValue, fresh: boolean): Promise<Representation | null> {
  const { inScope, id, realm } = ownerOf(state);
  return inScope ? readScope(session, realm, id, fresh) : readClient(session, realm, id, fresh);
}

/** The calls for mappers, which clients and client scopes share in the admin client. */
interface Mappers {
  addProtocolMapper(owner: { realm: string; id: string }, mapper: Representation): Promise<unknown>;
  updateProtocolMapper(query: MapperQuery, mapper: Representation): Promise<unknown>;
  delProtocolMapper(query: MapperQuery): Promise<unknown>;
}

interface MapperQuery {
  realm: string;
  id: string;
  mapperId: string;
}

type MapperCall = (mappers: Mappers) => Promise<unknown>;

async function run(session: Session, verb: string, state: ObjectValue, call: MapperCall, recover?: MapperCall) {
  const { inScope, owner, realm, id } = ownerOf(state);
  const what = `${verb} mapper "${state.name}" of ${owner} in realm "${realm}"`;
  const mappers = (admin: KeycloakAdminClient): Mappers => (inScope ? admin.clientScopes : admin.clients);
  const work = () =>
    session.call(what, (admin) => call(mappers(admin)), recover && ((admin) => recover(mappers(admin))));
  if (!inScope) await changingClient(session, realm, id, work);
  else await work().finally(() => verb === "Deleting" && forgetScopes(session, realm));
}

type Check = (session: Session, planned: ObjectValue) => Promise<void>;

function mapperEndpoint(kind: { protocol: string; protocolMapper: string }, check?: Check): Endpoint {
  const endpoint: Endpoint = {
    async create(session, representation, { planned }) {
      const { realm, id } = ownerOf(planned);
      await check?.(session, planned);
      const mapperId = randomUUID();
      const mapper = { ...representation, ...kind, id: mapperId };
      const made = { ...planned, id: mapperId };
      await run(
        session,
        "Creating",
        planned,
        (mappers) => mappers.addProtocolMapper({ realm, id }, mapper),
        () => endpoint.read(session, made, true),
      );
      return { id: mapperId };
    },
    async read(session, state, fresh) {
      const owner = await readOwner(session, state, fresh);
      const mappers = (owner?.protocolMappers ?? []) as Representation[];
      const found = mappers.find(({ id }) => id === state.id);
      return found ? ofKind(found, found.protocolMapper, kind.protocolMapper) : null;
    },
    async update(session, representation, { planned, prior }) {
      const { realm, id } = ownerOf(planned);
      await check?.(session, planned);
      const mapperId = String(prior!.id);
      const mapper = { ...representation, ...kind, id: mapperId };
      const query = { realm, id, mapperId };
      await run(session, "Changing", planned, (mappers) => mappers.updateProtocolMapper(query, mapper));
    },
    async delete(session, state) {
      const { realm, id } = ownerOf(state);
      const query = { realm, id, mapperId: String(state.id) };
      await unlessGone(run(session, "Deleting", state, (mappers) => mappers.delProtocolMapper(query)));
    },
  };
  return endpoint;
}
