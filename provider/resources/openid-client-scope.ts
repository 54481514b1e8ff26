import { randomUUID } from "node:crypto";
import { unlessGone } from "../admin-api/errors";
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
import type { Attribute, Endpoint, Resource } from "../engine/table";
import { forgetScopes, readScope } from "./shared/client-scopes";
import { realmAndId } from "./shared/import-ids";
import { ofKind } from "./shared/owner";

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
  async read(session, state, fresh) {
    const found = await readScope(session, String(state.realm_id), String(state.id), fresh);
    return found && ofKind(found, found.protocol, "openid-connect");
  },
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
