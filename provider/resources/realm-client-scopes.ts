import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import { required, text, texts } from "../engine/fields";
import type { Change, Endpoint, Resource } from "../engine/table";
import type { ObjectValue } from "../protocol/values";
import { idsOf } from "./shared/client-scopes";
import { declaredOnce, type Kind, otherThan } from "./shared/scope-lists";

interface NamedScope {
  id: string;
  name: string;
}

/** The realm's list, including SAML scopes, as in the official provider. Null: the realm does not exist. */
async function listed(session: Session, kind: Kind, realm: string): Promise<NamedScope[] | null> {
  const what = `Listing the ${kind} client scopes of realm "${realm}"`;
  // The admin client accepts the realm here, although its types do not say so.
  const of = { realm } as never;
  const list = session.read(what, ({ clientScopes }) =>
    kind === "default" ? clientScopes.listDefaultClientScopes(of) : clientScopes.listDefaultOptionalClientScopes(of),
  );
  return (await unlessGone(list)) as NamedScope[] | null;
}

async function add(session: Session, kind: Kind, realm: string, id: string): Promise<void> {
  const what = `Making client scope ${id} ${kind} in realm "${realm}"`;
  await session.call(what, ({ clientScopes }) =>
    kind === "default"
      ? clientScopes.addDefaultClientScope({ realm, id })
      : clientScopes.addDefaultOptionalClientScope({ realm, id }),
  );
}

async function remove(session: Session, kind: Kind, realm: string, id: string): Promise<void> {
  const what = `Taking client scope ${id} out of the ${kind} ones of realm "${realm}"`;
  const removal = session.call(what, ({ clientScopes }) =>
    kind === "default"
      ? clientScopes.delDefaultClientScope({ realm, id })
      : clientScopes.delDefaultOptionalClientScope({ realm, id }),
  );
  await unlessGone(removal);
}

/** Changes the list to exactly the wanted scopes. A scope of the other list is moved. */
async function reconcile(session: Session, kind: Kind, { planned }: Change): Promise<void> {
  const [realm, attribute] = [String(planned.realm_id), `${kind}_scopes`];
  const wanted = planned[attribute] as string[];
  const other = otherThan(kind);
  await session.exclusive(`scopes of ${realm}`, async () => {
    const ids = await idsOf(session, realm, wanted, attribute, () => true);
    const now = (await listed(session, kind, realm)) ?? [];
    const missing = wanted.filter((name) => !now.some((scope) => scope.name === name));
    for (const { id, name } of now) if (!wanted.includes(name)) await remove(session, kind, realm, id);
    const elsewhere = missing.length ? ((await listed(session, other, realm)) ?? []) : [];
    for (const { id, name } of elsewhere) if (missing.includes(name)) await remove(session, other, realm, id);
    for (const name of missing) await add(session, kind, realm, ids.get(name)!);
  });
}

async function release(session: Session, kind: Kind, state: ObjectValue): Promise<void> {
  const realm = String(state.realm_id);
  const ours = state[`${kind}_scopes`] as string[];
  await session.exclusive(`scopes of ${realm}`, async () => {
    const now = (await listed(session, kind, realm)) ?? [];
    for (const { id, name } of now) if (ours.includes(name)) await remove(session, kind, realm, id);
  });
}

function endpointFor(kind: Kind): Endpoint {
  return {
    async create(session, _representation, change) {
      await reconcile(session, kind, change);
      return { id: String(change.planned.realm_id) };
    },
    async read(session, { realm_id }) {
      const scopes = await listed(session, kind, String(realm_id));
      return scopes && { scopes: scopes.map(({ name }) => name) };
    },
    update: (session, _representation, change) => reconcile(session, kind, change),
    delete: (session, state) => release(session, kind, state),
  };
}

/** The client scopes that a realm gives to new clients. The declared list is complete. */
function scopesResource(kind: Kind): Resource {
  return {
    name: `keycloak_realm_${kind}_client_scopes`,
    title: ({ realm_id }) => `the ${kind} client scopes of realm "${realm_id}"`,
    version: 0,
    attributes: {
      realm_id: { ...text, ...required, replace: true },
      [`${kind}_scopes`]: { ...texts, ...required, read: ({ scopes }) => scopes as string[] },
    },
    endpoint: endpointFor(kind),
    plan: ({ prior, planned }) => {
      if (!prior) planned.id = planned.realm_id ?? null;
    },
    beside: declaredOnce(kind, ["realm_id"]),
    importId: { form: "REALM", parse: (id) => (id && !id.includes("/") ? { id, realm_id: id } : null) },
  };
}

export const realmDefaultClientScopes = scopesResource("default");
export const realmOptionalClientScopes = scopesResource("optional");
