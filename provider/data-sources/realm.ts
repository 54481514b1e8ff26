import { required, textMap } from "../engine/fields";
import { mapValues } from "../engine/map-values";
import { shown, shownBlock } from "../engine/shown";
import type { DataSource } from "../engine/table";
import { realm } from "../resources/realm";
import { realmBlocks } from "../resources/realm-blocks";
import { readRealm } from "../resources/realm-endpoint";
import { notFound } from "./not-found";

/** Attributes of the resource that the official data source does not have. */
const NOT_SHOWN = ["terraform_deletion_protection", "allow_utf8", "brute_force_strategy"];

const { web_authn_policy, web_authn_passwordless_policy, security_defenses, ...others } = realmBlocks;

export const realmData: DataSource = {
  name: "keycloak_realm",
  attributes: {
    ...shown(
      realm.attributes,
      {
        realm: required,
        display_name_html: { optional: true },
        default_default_client_scopes: { optional: true, computed: true, read: () => [] },
        default_optional_client_scopes: { optional: true, computed: true, read: () => [] },
      },
      NOT_SHOWN,
    ),
    // Shows none: nobody says here which keys matter. The official data source does the same.
    attributes: { ...textMap, optional: true, computed: true, read: () => ({}) },
  },
  blocks: {
    ...mapValues(others, (block) => shownBlock(block, NOT_SHOWN)),
    // Shown only to who asks for them, as by the official data source.
    security_defenses: { ...shownBlock(security_defenses!, NOT_SHOWN), present: () => false, declaredOnly: true },
    web_authn_policy: {
      ...shownBlock(web_authn_policy!),
      attributes: {
        ...shown(web_authn_policy!.attributes),
        passwordless_passkeys_enabled: { type: "bool", computed: true, read: () => false },
      },
    },
    web_authn_passwordless_policy: shownBlock(web_authn_passwordless_policy!),
  },
  async read(session, { realm: name }) {
    const realm = String(name);
    const found = await readRealm(session, `Reading realm "${realm}"`, realm);
    if (!found) throw notFound(`realm "${realm}"`, ["realm"], "Check its name, or declare it.");
    return { ...found, id: realm, internalId: found.id };
  },
};
