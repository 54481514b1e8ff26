import { shown } from "../../constructs/keys/shown";
import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import { required, text } from "../engine/fields";
import type { Attribute, Endpoint, Representation, Resource } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import type { ObjectValue } from "../protocol/values";
import { findRole, mappedRoles } from "./shared/roles";

/** A role of the realm, or of one of its clients. */
type Kind = "realm" | "client";

const keyOf = (realm: string, user: string) => `role mappings ${realm} ${user}`;

/** The roles given directly to a user. They are read once for all resources of this user. */
function rolesOf(session: Session, { realm_id, service_account_user_id }: ObjectValue, fresh: boolean) {
  const [realm, id] = [String(realm_id), String(service_account_user_id)];
  if (fresh) session.forget(keyOf(realm, id));
  return session.shared(keyOf(realm, id), async () => {
    const what = `Reading the roles of service account ${id} in realm "${realm}"`;
    const call = session.read(what, (admin) => admin.users.listRoleMappings({ realm, id }));
    return mappedRoles((await unlessGone(call)) as Representation | null);
  });
}

function endpointFor(kind: Kind): Endpoint {
  const clientOf = ({ client_id }: ObjectValue) => (kind === "client" ? String(client_id) : undefined);

  /** Finds the role by the id in the state, or by name if the role was made again. */
  async function find(session: Session, state: ObjectValue, fresh: boolean) {
    const id = String(state.id ?? "").split("/")[1];
    const roles = (await rolesOf(session, state, fresh)).filter(({ clientRole, containerId }) =>
      kind === "client" ? containerId === state.client_id : !clientRole,
    );
    return roles.find((role) => role.id === id) ?? roles.find(({ name }) => name === state.role);
  }

  async function change(session: Session, verb: "add" | "del", state: ObjectValue, role: { id: string; name: string }) {
    const [realm, id, client] = [String(state.realm_id), String(state.service_account_user_id), clientOf(state)];
    const what = `${verb === "add" ? "Giving" : "Taking"} role "${role.name}" ${verb === "add" ? "to" : "from"} service account ${id} in realm "${realm}"`;
    const roles = [{ id: role.id, name: role.name }];
    const call = session.call(what, ({ users }) =>
      client
        ? users[`${verb}ClientRoleMappings`]({ realm, id, clientUniqueId: client, roles })
        : users[`${verb}RealmRoleMappings`]({ realm, id, roles }),
    );
    await (verb === "add" ? call : unlessGone(call)).finally(() => session.forget(keyOf(realm, id)));
  }

  return {
    async create(session, _representation, { planned }) {
      const [realm, client] = [String(planned.realm_id), clientOf(planned)];
      const role = await findRole(session, realm, client, String(planned.role));
      if (!role) {
        const place = `${client ? `client ${client} in ` : ""}realm "${realm}"`;
        const summary = `role must name a role of ${place}, got: ${shown(planned.role)}`;
        throw new DiagnosticError(problem(summary, "Declare the role, or check its name.", ["role"]));
      }
      await change(session, "add", planned, { id: String(role.id), name: String(role.name) });
      return { id: `${planned.service_account_user_id}/${role.id}` };
    },
    async read(session, state, fresh) {
      return ((await find(session, state, fresh)) ?? null) as Representation | null;
    },
    async update() {
      // A change of any attribute replaces the resource.
    },
    async delete(session, state) {
      const role = await find(session, state, true);
      if (role) await change(session, "del", state, role);
    },
  };
}

const given: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  service_account_user_id: { ...text, ...required, replace: true },
};
const roleName: Attribute = { ...text, ...required, replace: true, read: ({ name }) => String(name) };
const titleOf = ({ role, service_account_user_id }: ObjectValue) =>
  `role "${role}" of service account ${service_account_user_id}`;

export const serviceAccountRealmRole: Resource = {
  name: "keycloak_openid_client_service_account_realm_role",
  title: titleOf,
  version: 0,
  attributes: { ...given, role: roleName },
  endpoint: endpointFor("realm"),
  importId: {
    form: "REALM/SERVICE_ACCOUNT_USER_UUID/ROLE_UUID",
    parse: (text) => {
      const [realm, user, role, ...rest] = text.split("/");
      if (!realm || !user || !role || rest.length) return null;
      return { id: `${user}/${role}`, realm_id: realm, service_account_user_id: user };
    },
  },
};

export const serviceAccountClientRole: Resource = {
  name: "keycloak_openid_client_service_account_role",
  title: titleOf,
  version: 0,
  attributes: { ...given, client_id: { ...text, ...required, replace: true }, role: roleName },
  endpoint: endpointFor("client"),
  importId: {
    form: "REALM/SERVICE_ACCOUNT_USER_UUID/CLIENT_UUID/ROLE_UUID",
    parse: (text) => {
      const [realm, user, client, role, ...rest] = text.split("/");
      if (!realm || !user || !client || !role || rest.length) return null;
      return { id: `${user}/${role}`, realm_id: realm, service_account_user_id: user, client_id: client };
    },
  },
};
