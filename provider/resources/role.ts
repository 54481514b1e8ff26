import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import { field, flag, optional, optionalComputed, required, text, textMap, texts } from "../engine/fields";
import type { Attribute, Change, Endpoint, Representation, Resource } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { isEmpty, type ObjectValue, type Value, withoutNulls } from "../protocol/values";
import { realmAndId } from "./shared/import-ids";
import { findRole, rolesOf, titleOfRole, withComposites } from "./shared/roles";

/** Separates the values of one attribute, as in the official provider. */
const SEPARATOR = "##";

/** Keycloak's attributes have lists of values. Terraform's map has one text for each. */
export const attributesOfLists: Pick<Attribute, "type" | "read" | "write"> = {
  ...textMap,
  read: ({ attributes }) => {
    const lists = Object.entries((attributes ?? {}) as { [key: string]: string[] });
    return Object.fromEntries(lists.map(([key, values]) => [key, values.join(SEPARATOR)]));
  },
  write: (representation, value) => {
    const texts = Object.entries((withoutNulls(value, textMap.type) ?? {}) as { [key: string]: string });
    representation.attributes = Object.fromEntries(texts.map(([key, text]) => [key, text.split(SEPARATOR)]));
  },
};

const attributes: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  client_id: {
    ...text,
    ...optional,
    replace: true,
    read: ({ clientRole, containerId }) => (clientRole ? String(containerId) : ""),
  },
  name: { ...text, ...required, ...field("name", "") },
  description: { ...text, ...optionalComputed, initial: "", ...field("description", "") },
  composite_roles: { ...texts, ...optionalComputed, initial: [], read: ({ composites }) => composites as string[] },
  attributes: { ...attributesOfLists, ...optionalComputed, initial: {} },
  import: { ...flag, ...optional, default: false, replace: true },
};

const clientOf = ({ client_id }: ObjectValue) => (isEmpty(client_id) ? undefined : String(client_id));
/** Adds and removes roles until the role is composed of exactly the planned ones. */
async function compose(session: Session, role: Representation, { planned }: Change): Promise<void> {
  const wanted = planned.composite_roles as Value;
  if (!Array.isArray(wanted)) return;
  const [realm, id] = [String(planned.realm_id), String(role.id)];
  const now = (await withComposites(session, realm, role)).composites as string[];
  const named = (ids: string[]) => ids.map((one) => ({ id: one, name: "" }));
  const added = (wanted as string[]).filter((one) => !now.includes(one));
  const removed = now.filter((one) => !wanted.includes(one));
  const what = `Composing ${titleOfRole(planned)}`;
  if (added.length) await session.call(what, ({ roles }) => roles.createComposite({ realm, roleId: id }, named(added)));
  if (removed.length) await session.call(what, ({ roles }) => roles.delCompositeRoles({ realm, id }, named(removed)));
}

/** Takes over an existing role: sets what is declared, and keeps the rest. */
async function adopt(session: Session, representation: Representation, change: Change): Promise<Representation> {
  const { planned, config } = change;
  const [realm, name] = [String(planned.realm_id), String(planned.name)];
  const found = await findRole(session, realm, clientOf(planned), name);
  if (!found) {
    const summary = `Taking over ${titleOfRole(planned)}: it does not exist`;
    throw new DiagnosticError(problem(summary, "Remove `import = true` to create it."));
  }
  const declared = Object.fromEntries(
    Object.entries(representation).filter(([field]) => !isEmpty(config[field as keyof typeof config] ?? null)),
  );
  await session.call(`Changing ${titleOfRole(planned)}`, (admin) =>
    admin.roles.updateById({ realm, id: String(found.id) }, { ...found, ...declared }),
  );
  return found;
}

/** Keycloak chooses a role's id. A role found after a create without an answer is ours only if it is as we sent it. */
function isAsSent(found: Representation | null, { description, attributes }: Representation): boolean {
  if (!found || found.composite) return false;
  const same = (a: unknown, b: unknown) => JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
  return same(found.description || null, description || null) && same(found.attributes ?? {}, attributes ?? {});
}

const endpoint: Endpoint = {
  async create(session, representation, change) {
    const { planned } = change;
    const [realm, client, name] = [String(planned.realm_id), clientOf(planned), String(planned.name)];
    let role: Representation | null;
    if (planned.import === true) role = await adopt(session, representation, change);
    else {
      await session.call(
        `Creating ${titleOfRole(planned)}`,
        (admin) =>
          client
            ? admin.clients.createRole({ realm, id: client, ...representation })
            : admin.roles.create({ realm, ...representation }),
        async () =>
          isAsSent(await findRole(session, realm, client, name), representation) ? { roleName: name } : null,
      );
      // Keycloak chooses the id, but answers only with the name.
      role = await findRole(session, realm, client, name);
    }
    return { id: String(role?.id) };
  },
  async complete(session, change) {
    const { id, import: taken, composite_roles } = change.planned;
    // A new role is not composed of others. One that is taken over may be.
    if (taken === true || !isEmpty(composite_roles)) await compose(session, { id, composite: true }, change);
  },
  async read(session, state, fresh) {
    const [realm, id] = [String(state.realm_id), String(state.id)];
    const what = `Reading role ${id} of realm "${realm}"`;
    const one = async () =>
      ((await session.read(what, (admin) => admin.roles.findOneById({ realm, id }))) ?? null) as Representation | null;
    const role = await (await rolesOf(session, realm, clientOf(state))).get(id, one, fresh);
    return role && withComposites(session, realm, role);
  },
  async update(session, representation, change) {
    const { planned, prior } = change;
    const [realm, id] = [String(planned.realm_id), String(prior!.id)];
    await session.call(`Changing ${titleOfRole(planned)}`, (admin) =>
      admin.roles.updateById({ realm, id }, { ...representation, id }),
    );
    (await rolesOf(session, realm, clientOf(planned))).forget(id);
    await compose(session, { id, composite: true }, change);
  },
  async delete(session, state) {
    // A role that existed before stays.
    if (state.import === true) return;
    const [realm, id] = [String(state.realm_id), String(state.id)];
    await unlessGone(session.call(`Deleting ${titleOfRole(state)}`, (admin) => admin.roles.delById({ realm, id })));
    (await rolesOf(session, realm, clientOf(state))).forget(id);
  },
};

export const role: Resource = {
  name: "keycloak_role",
  title: titleOfRole,
  version: 0,
  attributes,
  endpoint,
  importId: realmAndId("ROLE_UUID", ["import", false]),
};
