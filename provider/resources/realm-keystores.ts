import { randomUUID } from "node:crypto";
import { unlessGone } from "../admin-api/errors";
import { field, flag, flagIn, number, numberIn, optional, required, text, textIn } from "../engine/fields";
import type { Attribute, Endpoint, Representation, Resource } from "../engine/table";
import { realmAndId } from "./shared/import-ids";

/** Where a component of Keycloak keeps its settings. Each is a list of texts; those of a key have one. */
const CONFIG = "config";
const KEY_PROVIDER = "org.keycloak.keys.KeyProvider";

const common: { [name: string]: Attribute } = {
  realm_id: { ...text, ...required, replace: true },
  name: { ...text, ...required, ...field("name", "") },
  active: { ...flag, ...optional, default: true, ...flagIn(CONFIG, "active") },
  enabled: { ...flag, ...optional, default: true, ...flagIn(CONFIG, "enabled") },
  priority: { ...number, ...optional, default: 0, ...numberIn(CONFIG, "priority", 0) },
};

type Config = { [key: string]: unknown };

function withConfig(component: Representation, convert: (value: unknown) => unknown): Representation {
  const entries = Object.entries((component[CONFIG] ?? {}) as Config);
  return { ...component, [CONFIG]: Object.fromEntries(entries.map(([key, value]) => [key, convert(value)])) };
}

const single = (component: Representation) => withConfig(component, (values) => (values as string[])[0] ?? "");
const listed = (component: Representation) => withConfig(component, (value) => [value]);

/** Keys that Keycloak makes and keeps. No key material reaches the state. */
function endpointFor(providerId: string): Endpoint {
  const kind = { providerId, providerType: KEY_PROVIDER };
  const about = (verb: string, name: unknown, realm: string) => `${verb} keys "${name}" of realm "${realm}"`;
  return {
    async create(session, representation, { planned }) {
      const [realm, id] = [String(planned.realm_id), randomUUID()];
      const body = { ...listed(representation), ...kind, id };
      await session.call(
        about("Creating", planned.name, realm),
        (admin) => admin.components.create({ realm, ...body }),
        (admin) => admin.components.findOne({ realm, id }).then((found) => (found ? { id } : null)),
      );
      return { id };
    },
    async read(session, state) {
      const [realm, id] = [String(state.realm_id), String(state.id)];
      const what = about("Reading", state.name ?? id, realm);
      const found = await session.read(what, (admin) => admin.components.findOne({ realm, id }));
      return found ? single(found as Representation) : null;
    },
    async update(session, representation, { planned, prior }) {
      const [realm, id] = [String(planned.realm_id), String(prior!.id)];
      const body = { ...listed(representation), ...kind, id };
      const what = about("Changing", planned.name, realm);
      await session.call(what, (admin) => admin.components.update({ realm, id }, body));
    },
    async delete(session, state) {
      const [realm, id] = [String(state.realm_id), String(state.id)];
      const what = about("Deleting", state.name, realm);
      await unlessGone(session.call(what, (admin) => admin.components.del({ realm, id })));
    },
  };
}

function keystore(kind: string, providerId: string, own: { [name: string]: Attribute }): Resource {
  return {
    name: `keycloak_realm_keystore_${kind}`,
    title: ({ name, realm_id }) => `keys "${name}" of realm "${realm_id}"`,
    version: 0,
    attributes: { ...common, ...own },
    endpoint: endpointFor(providerId),
    importId: realmAndId("KEYSTORE_UUID"),
  };
}

export const realmKeystoreRsaGenerated = keystore("rsa_generated", "rsa-generated", {
  algorithm: {
    ...text,
    ...optional,
    default: "RS256",
    oneOf: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
    ...textIn(CONFIG, "algorithm", "RS256"),
  },
  key_size: { ...number, ...optional, default: 2048, oneOf: [1024, 2048, 4096], ...numberIn(CONFIG, "keySize", 2048) },
});

export const realmKeystoreEcdsaGenerated = keystore("ecdsa_generated", "ecdsa-generated", {
  elliptic_curve_key: {
    ...text,
    ...optional,
    default: "P-256",
    oneOf: ["P-256", "P-384", "P-521"],
    ...textIn(CONFIG, "ecdsaEllipticCurveKey", "P-256"),
  },
});
