import { type Listing, listing } from "../../admin-api/listing";
import type { Session } from "../../admin-api/session";
import type { Representation } from "../../engine/table";
import { isEmpty, type ObjectValue } from "../../protocol/values";

/** A role of a realm, or of one of its clients, as messages call it. */
export function titleOfRole({ realm_id, client_id, name }: ObjectValue): string {
  return `role "${name}" of ${isEmpty(client_id) ? "" : `client ${client_id} in `}realm "${realm_id}"`;
}

/** The roles of a realm, or of one of its clients, by id. */
export function rolesOf(session: Session, realm: string, client: string | undefined): Promise<Listing<Representation>> {
  const what = `Listing the roles of ${client ? `client ${client} in ` : ""}realm "${realm}"`;
  return listing(
    session,
    `roles ${realm} ${client ?? ""}`,
    ({ id }) => String(id),
    (first, max) => {
      const query = { realm, first, max, briefRepresentation: false };
      return session.read(what, (admin) =>
        client ? admin.clients.listRoles({ ...query, id: client }) : admin.roles.find(query),
      ) as Promise<Representation[]>;
    },
  );
}

/** A role by its name. Null: it does not exist. */
export async function findRole(session: Session, realm: string, client: string | undefined, name: string) {
  const what = `Reading ${titleOfRole({ realm_id: realm, client_id: client ?? null, name })}`;
  const found = await session.read(what, (admin) =>
    client ? admin.clients.findRole({ realm, id: client, roleName: name }) : admin.roles.findOneByName({ realm, name }),
  );
  return (found ?? null) as Representation | null;
}

/** A role with the ids of the roles it is composed of. */
export async function withComposites(session: Session, realm: string, role: Representation): Promise<Representation> {
  if (!role.composite) return { ...role, composites: [] };
  const what = `Listing what role "${role.name}" of realm "${realm}" is composed of`;
  const list = await session.read(what, (admin) => admin.roles.getCompositeRoles({ realm, id: String(role.id) }));
  return { ...role, composites: list.map(({ id }) => id) };
}

/** A role as it occurs in a list of mappings. */
export interface Role {
  id: string;
  name: string;
  clientRole?: boolean;
  containerId?: string;
}

/** All roles in Keycloak's answer about mappings: the realm's, and those of its clients. */
export function mappedRoles(mappings: Representation | null): Role[] {
  const { realmMappings = [], clientMappings = {} } = (mappings ?? {}) as {
    realmMappings?: Role[];
    clientMappings?: { [client: string]: { mappings: Role[] } };
  };
  return [...realmMappings, ...Object.values(clientMappings).flatMap(({ mappings }) => mappings)];
}
