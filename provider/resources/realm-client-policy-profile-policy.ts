import { field, flag, optional, required, text, texts } from "../engine/fields";
import { policyResource } from "./shared/client-policies";
import { policyParts, settingsAreJson } from "./shared/policy-settings";

/** Which clients and requests are held to which client profiles. */
export const realmClientPolicyProfilePolicy = policyResource(
  {
    document: "policies",
    type: "keycloak_realm_client_policy_profile_policy",
    noun: "client policy",
    segment: "realm-client-policy-profile-policies",
  },
  {
    attributes: {
      name: { ...text, ...required, replace: true },
      realm_id: { ...text, ...required, replace: true },
      description: { ...text, ...optional, ...field("description", "") },
      enabled: { ...flag, ...optional, default: true, ...field("enabled", false) },
      profiles: { ...texts, ...required, replace: true, ...field("profiles", []) },
    },
    blocks: { condition: policyParts("conditions", "condition") },
    rules: [settingsAreJson("condition")],
  },
);
