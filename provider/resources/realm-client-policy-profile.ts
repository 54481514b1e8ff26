import { field, optional, required, text } from "../engine/fields";
import { policyResource } from "./shared/client-policies";
import { policyParts, settingsAreJson } from "./shared/policy-settings";

/** What Keycloak does with the clients and requests that a client policy selects. */
export const realmClientPolicyProfile = policyResource(
  {
    document: "profiles",
    type: "keycloak_realm_client_policy_profile",
    noun: "client profile",
    segment: "realm-client-policy-profiles",
  },
  {
    attributes: {
      name: { ...text, ...required, replace: true },
      realm_id: { ...text, ...required, replace: true },
      description: { ...text, ...optional, ...field("description", "") },
    },
    blocks: { executor: policyParts("executors", "executor") },
    rules: [settingsAreJson("executor")],
  },
);
