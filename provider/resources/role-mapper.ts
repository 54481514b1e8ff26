import { shown } from "../../constructs/keys/shown";
import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import { optional, required, text } from "../engine/fields";
import { exactlyOne } from "../engine/rules";
import type { Endpoint, Representation, Resource } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import type { ObjectValue } from "../protocol/values";
import { ownerOf } from "./shared/owner";
import { mappedRoles, type Role } from "./shared/roles";

const keyOf = (realm: string, owner: string) => `scope mappings ${realm} ${owner}`;

/** All roles of one owner. They are read once for all its mappers. */
function read(session: Session, state: ObjectValue, fresh: boolean): Promise<Role[]> {
  const { inScope, id, realm, owner } = ownerOf(state);
  if (fresh) session.forget(keyOf(realm, owner));
  return session.shared(keyOf(realm, owner), async () => {
    const what = `Reading the roles of ${owner} in realm "${realm}"`;
    const call = session.read(what, (admin) =>
      (inScope ? admin.clientScopes : admin.clients).listScopeMappings({ realm, id }),
    );
    return mappedRoles((await unlessGone(call)) as Representation | null);
  });
}

/** Gives a role to its owner, or takes it away. */
async function change(session: Session, verb: "add" | "del", state: ObjectValue, role: Role): Promise<void> {
  const { inScope, id, realm, owner } = ownerOf(state);
  const what = `${verb === "add" ? "Giving" : "Taking"} role "${role.name}" ${verb === "add" ? "to" : "from"} ${owner} in realm "${realm}"`;
  const body = [{ id: role.id, name: role.name }];
  const call = session.call(what, async (admin) => {
    const mappings = inScope ? admin.clientScopes : admin.clients;
    if (!role.clientRole) return mappings[`${verb}RealmScopeMappings`]({ realm, id }, body);
    return mappings[`${verb}ClientScopeMappings`]({ realm, id, client: String(role.containerId) }, body);
  });
  await (verb === "add" ? call : unlessGone(call)).finally(() => session.forget(keyOf(realm, owner)));
}

const endpoint: Endpoint = {
  async create(session, _representation, { planned }) {
    const { inScope, id, realm } = ownerOf(planned);
    const what = `Reading role ${planned.role_id} of realm "${realm}"`;
    const role = await session.read(what, (admin) => admin.roles.findOneById({ realm, id: String(planned.role_id) }));
    if (!role) {
      const summary = `role_id must be the id of a role of realm "${realm}", got: ${shown(planned.role_id)}`;
      throw new DiagnosticError(problem(summary, "role_id is the role's UUID, not its name.", ["role_id"]));
    }
    await change(session, "add", planned, role as Role);
    const container = role.clientRole ? role.containerId : "";
    return { id: `${realm}/${inScope ? "client-scope" : "client"}/${id}/scope-mappings/${container}/${role.id}` };
  },
  async read(session, state, fresh) {
    const roles = await read(session, state, fresh);
    return (roles.find(({ id }) => id === state.role_id) ?? null) as Representation | null;
  },
  async update() {
    // A change of any attribute replaces the mapper.
  },
  async delete(session, state) {
    const role = (await read(session, state, true)).find(({ id }) => id === state.role_id);
    if (role) await change(session, "del", state, role);
  },
};

export const roleMapper: Resource = {
  name: "keycloak_generic_role_mapper",
  title: (values) => `role ${values.role_id} of ${ownerOf(values).owner}`,
  version: 0,
  attributes: {
    realm_id: { ...text, ...required, replace: true },
    client_id: { ...text, ...optional, replace: true },
    client_scope_id: { ...text, ...optional, replace: true },
    role_id: { ...text, ...required, replace: true },
  },
  endpoint,
  rules: [exactlyOne(["client_id", "client_scope_id"])],
  importId: {
    form: "REALM/client/CLIENT_UUID/scope-mappings/ROLE_CLIENT_UUID/ROLE_UUID or REALM/client-scope/SCOPE_UUID/scope-mappings/ROLE_CLIENT_UUID/ROLE_UUID (no ROLE_CLIENT_UUID for a role of the realm)",
    parse: (id) => {
      const [realm, kind, parent, word, container, role, ...rest] = id.split("/");
      const owner = { client: "client_id", "client-scope": "client_scope_id" }[kind ?? ""];
      if (!realm || !owner || !parent || word !== "scope-mappings" || container === undefined || !role || rest.length) {
        return null;
      }
      return { id, realm_id: realm, [owner]: parent, role_id: role };
    },
  },
};
