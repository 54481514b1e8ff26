import type { Resource } from "../engine/table";
import { realmAttributes } from "./realm-attributes";
import { realmBlocks } from "./realm-blocks";
import { realmEndpoint } from "./realm-endpoint";
import { checkEmails, checkLocales, planIds } from "./realm-rules";

export const realm: Resource = {
  name: "keycloak_realm",
  title: (values) => `realm "${values.realm}"`,
  version: 0,
  attributes: realmAttributes,
  blocks: realmBlocks,
  endpoint: realmEndpoint,
  plan: planIds,
  rules: [checkEmails, checkLocales],
  importId: { form: "REALM", parse: (id) => (id && !id.includes("/") ? { id } : null) },
};
