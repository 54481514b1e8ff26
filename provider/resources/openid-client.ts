import { randomUUID } from "node:crypto";
import { flag, mapOf, optional, required, text, textIn } from "../engine/fields";
import { conflicts, needs, reservedKeys } from "../engine/rules";
import type { Block, Resource } from "../engine/table";
import { clientAttributes } from "./openid-client-attributes";
import { clientEndpoint } from "./openid-client-endpoint";
import { checkFlows, planDerived } from "./openid-client-rules";
import { realmAndId } from "./shared/import-ids";

const FLOWS = "authenticationFlowBindingOverrides";

const blocks: { [name: string]: Block } = {
  authentication_flow_binding_overrides: {
    nesting: "set",
    present: (representation) => Object.values(mapOf(representation, FLOWS)).some(Boolean),
    attributes: {
      browser_id: { ...text, ...optional, ...textIn(FLOWS, "browser") },
      direct_grant_id: { ...text, ...optional, ...textIn(FLOWS, "direct_grant") },
    },
  },
  authorization: {
    nesting: "set",
    unsupported: "Keycloak's authorization services are not managed by this provider.",
    attributes: {
      policy_enforcement_mode: { ...text, ...required },
      decision_strategy: { ...text, ...optional },
      allow_remote_resource_management: { ...flag, ...optional },
      keep_defaults: { ...flag, ...optional },
    },
  },
};

const secretKinds = ["client_secret_wo", "client_secret_wo_version"];

export const openidClient: Resource = {
  name: "keycloak_openid_client",
  title: ({ client_id, realm_id }) => `client "${client_id}" of realm "${realm_id}"`,
  version: 1,
  attributes: clientAttributes,
  blocks,
  endpoint: clientEndpoint(randomUUID),
  plan: planDerived,
  rules: [
    conflicts("client_secret", [...secretKinds, "client_secret_regenerate_when_changed"]),
    conflicts("client_secret_wo", ["client_secret_regenerate_when_changed"]),
    needs("client_secret_wo", "client_secret_wo_version"),
    needs("client_secret_wo_version", "client_secret_wo"),
    reservedKeys("extra_config", clientAttributes),
    checkFlows,
  ],
  importId: realmAndId("CLIENT_UUID", ["import", false]),
  // Until version 1 the version of the write-only secret was a number.
  upgrade: (state) =>
    typeof state.client_secret_wo_version === "number"
      ? { ...state, client_secret_wo_version: String(state.client_secret_wo_version) }
      : state,
};
