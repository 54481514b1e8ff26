import { optional, optionalComputed, required } from "../engine/fields";
import { typesOfBlocks } from "../engine/schema";
import { shown } from "../engine/shown";
import type { DataSource, Representation } from "../engine/table";
import { openidClient } from "../resources/openid-client";
import { readServiceAccount } from "../resources/shared/clients";
import { notFound } from "./not-found";

/** Attributes that only the resource has: they say how a client is made. */
const RESOURCE_ONLY = ["client_secret_wo_version", "client_secret_regenerate_when_changed", "import"];

/** Attributes that the official data source accepts without effect. */
const GIVEN = [
  "always_display_in_console",
  "consent_screen_text",
  "display_on_consent_screen",
  "oauth2_device_authorization_grant_enabled",
  "oauth2_device_code_lifespan",
  "oauth2_device_polling_interval",
  "oauth2_jwt_authorization_grant_enabled",
  "oauth2_jwt_authorization_grant_idp",
];

const typedKeys = new Set(Object.values(openidClient.attributes).flatMap(({ key }) => key ?? []));

export const openidClientData: DataSource = {
  name: "keycloak_openid_client",
  attributes: {
    ...shown(
      openidClient.attributes,
      {
        realm_id: required,
        client_id: required,
        ...Object.fromEntries(GIVEN.map((name) => [name, optional])),
        extra_config: {
          ...optionalComputed,
          // Every key that no other attribute shows.
          read: ({ attributes }) =>
            Object.fromEntries(
              Object.entries((attributes ?? {}) as { [key: string]: string }).filter(([key]) => !typedKeys.has(key)),
            ),
        },
      },
      RESOURCE_ONLY,
    ),
    ...typesOfBlocks(openidClient.blocks!, () => []),
  },
  async read(session, { realm_id, client_id }) {
    const [realm, clientId] = [String(realm_id), String(client_id)];
    const what = `Reading client "${clientId}" of realm "${realm}"`;
    const [found] = (await session.read(what, (admin) => admin.clients.find({ realm, clientId }))) as Representation[];
    if (!found) throw notFound(`client "${clientId}" of realm "${realm}"`, ["client_id"], "Check its name.");
    if (!found.serviceAccountsEnabled) return found;
    return { ...found, serviceAccountUser: await readServiceAccount(session, realm, found, true) };
  },
};
