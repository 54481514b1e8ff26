import { randomUUID } from "node:crypto";
import { KeycloakError } from "../admin-api/errors";
import type { Session } from "../admin-api/keycloak";
import {
  field,
  flag,
  flagIn,
  isTyped,
  mapOf,
  number,
  numberIn,
  optional,
  ownKeys,
  required,
  text,
  textMap,
} from "../engine/fields";
import { reservedKeys } from "../engine/rules";
import type { Attribute, Endpoint, Representation, Resource } from "../engine/table";
import { unlessGone } from "./clients";
import { realmAndId } from "./import-ids";

const ATTRIBUTES = "attributes";
const SCREEN_TEXT = "consent.screen.text";
const ON_SCREEN = "display.on.consent.screen";

const attributes: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  name: { ...text, ...required, ...field("name", "") },
  description: { ...text, ...optional, keep: true, ...field("description", "") },
  consent_screen_text: {
    ...text,
    ...optional,
    key: SCREEN_TEXT,
    read: (representation) => {
      const { [ON_SCREEN]: shown, [SCREEN_TEXT]: screenText } = mapOf(representation, ATTRIBUTES);
      return shown === "true" ? (screenText ?? "") : null;
    },
    write: (representation, value) => {
      mapOf(representation, ATTRIBUTES)[SCREEN_TEXT] = String(value ?? "");
      mapOf(representation, ATTRIBUTES)[ON_SCREEN] = String(Boolean(value));
    },
  },
  include_in_token_scope: { ...flag, ...optional, default: true, ...flagIn(ATTRIBUTES, "include.in.token.scope") },
  include_in_openid_provider_metadata: {
    ...flag,
    ...optional,
    default: true,
    ...flagIn(ATTRIBUTES, "include.in.openid.provider.metadata"),
  },
  gui_order: { ...number, ...optional, ...numberIn(ATTRIBUTES, "gui.order") },
  extra_config: {
    ...textMap,
    ...optional,
    ...ownKeys(ATTRIBUTES, {
      cleared: "empty",
      foreign: (key) => key === ON_SCREEN || isTyped(attributes, key),
    }),
  },
};

type Scopes = Map<string, Representation>;

const keyOf = (realm: string) => `client scopes ${realm}`;

/** All client scopes of a realm by id, listed once a run and kept up to date by what the run itself writes. */
export function scopesOf(session: Session, realm: string): Promise<Scopes> {
  return session.shared(keyOf(realm), async () => {
    const what = `Listing the client scopes of realm "${realm}"`;
    const list = await session
      .read(what, (admin) => admin.clientScopes.find({ realm }))
      .catch((error: unknown) => {
        if (error instanceof KeycloakError && error.fault.status === 404) return [];
        throw error;
      });
    return new Map(list.map((scope) => [scope.id!, scope as Representation]));
  });
}

export function forgetScopes(session: Session, realm: string): void {
  session.forget(keyOf(realm));
}

/** One client scope with its mappers; read anew after a write. */
export async function readScope(session: Session, realm: string, id: string, fresh: boolean) {
  if (!fresh) return (await scopesOf(session, realm)).get(id) ?? null;
  const what = `Reading client scope ${id} of realm "${realm}"`;
  const found = await session.read(what, (admin) => admin.clientScopes.findOne({ realm, id }));
  const scopes = await scopesOf(session, realm);
  if (found) scopes.set(id, found as Representation);
  else scopes.delete(id);
  return (found ?? null) as Representation | null;
}

const endpoint: Endpoint = {
  async create(session, representation, { planned }) {
    const [realm, id] = [String(planned.realm_id), randomUUID()];
    await session.call(
      `Creating client scope "${planned.name}" of realm "${realm}"`,
      (admin) => admin.clientScopes.create({ realm, ...representation, protocol: "openid-connect", id }),
      (admin) => admin.clientScopes.findOne({ realm, id }).then((found) => (found ? { id } : null)),
    );
    return { id };
  },
  read: (session, state, fresh) => readScope(session, String(state.realm_id), String(state.id), fresh),
  async update(session, representation, { planned, prior }) {
    const [realm, id] = [String(planned.realm_id), String(prior!.id)];
    const body = { ...representation, id, protocol: "openid-connect" };
    const what = `Changing client scope "${planned.name}" of realm "${realm}"`;
    await session.call(what, (admin) => admin.clientScopes.update({ realm, id }, body));
  },
  async delete(session, state) {
    const [realm, id] = [String(state.realm_id), String(state.id)];
    const what = `Deleting client scope "${state.name}" of realm "${realm}"`;
    await unlessGone(session.call(what, (admin) => admin.clientScopes.del({ realm, id })));
    forgetScopes(session, realm);
  },
};

export const openidClientScope: Resource = {
  name: "keycloak_openid_client_scope",
  title: ({ name, realm_id }) => `client scope "${name}" of realm "${realm_id}"`,
  version: 0,
  attributes,
  endpoint,
  rules: [reservedKeys("extra_config", attributes)],
  importId: realmAndId("SCOPE_UUID"),
};
