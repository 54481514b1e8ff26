import { unlessGone } from "../admin-api/errors";
import { field, flag, number, optional, required, text, texts } from "../engine/fields";
import type { Attribute, Endpoint, Representation, Resource } from "../engine/table";
import { readRealm } from "./realm-endpoint";

const switchedOn = (name: string): Attribute => ({ ...flag, ...optional, ...field(name, false) });

const attributes: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  events_enabled: switchedOn("eventsEnabled"),
  events_expiration: { ...number, ...optional, ...field("eventsExpiration", 0) },
  admin_events_enabled: switchedOn("adminEventsEnabled"),
  admin_events_details_enabled: switchedOn("adminEventsDetailsEnabled"),
  // If none is chosen, Keycloak records every type.
  enabled_event_types: { ...texts, ...optional, ...field("enabledEventTypes", []) },
  events_listeners: {
    ...texts,
    ...optional,
    keep: true,
    // If none are declared, the server's listeners stay and are not in the state.
    read: ({ eventsListeners }, known, { imported }) =>
      known === null && !imported ? null : ((eventsListeners ?? []) as string[]),
    write: (representation, value) => {
      if (value !== null) representation.eventsListeners = value;
    },
  },
};

/** Keycloak's defaults, which a destroy restores: nothing is recorded, and later events are logged. */
const NOTHING_RECORDED: Representation = {
  eventsEnabled: false,
  eventsExpiration: 0,
  adminEventsEnabled: false,
  adminEventsDetailsEnabled: false,
  enabledEventTypes: [],
  eventsListeners: ["jboss-logging"],
};

const endpoint: Endpoint = {
  async create(session, representation, change) {
    await endpoint.update(session, representation, change);
    return { id: String(change.planned.realm_id) };
  },
  async read(session, { realm_id }) {
    const realm = String(realm_id);
    const what = `Reading the event settings of realm "${realm}"`;
    // The realm returns them as they were set. Their own address lists every type if none is chosen.
    return readRealm(session, what, realm);
  },
  async update(session, representation, { planned }) {
    const realm = String(planned.realm_id);
    const what = `Changing the event settings of realm "${realm}"`;
    await session.call(what, (admin) => admin.realms.updateConfigEvents({ realm }, representation));
  },
  async delete(session, { realm_id }) {
    const realm = String(realm_id);
    const what = `Resetting the event settings of realm "${realm}"`;
    await unlessGone(session.call(what, (admin) => admin.realms.updateConfigEvents({ realm }, NOTHING_RECORDED)));
  },
};

export const realmEvents: Resource = {
  name: "keycloak_realm_events",
  title: ({ realm_id }) => `the event settings of realm "${realm_id}"`,
  version: 0,
  attributes,
  endpoint,
  plan: ({ prior, planned }) => {
    if (!prior) planned.id = planned.realm_id ?? null;
  },
  importId: { form: "REALM", parse: (id) => (id && !id.includes("/") ? { id, realm_id: id } : null) },
};
