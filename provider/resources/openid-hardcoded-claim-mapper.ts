import { optional, required, text, textIn } from "../engine/fields";
import { addTo, CONFIG, mapperResource } from "./shared/mappers";

/** Puts a claim with one fixed value into tokens. */
export const openidHardcodedClaimMapper = mapperResource({
  name: "keycloak_openid_hardcoded_claim_protocol_mapper",
  kind: "hardcoded claim mapper",
  protocolMapper: "oidc-hardcoded-claim-mapper",
  own: {
    claim_name: { ...text, ...required, ...textIn(CONFIG, "claim.name") },
    claim_value: { ...text, ...required, mayBeEmpty: true, ...textIn(CONFIG, "claim.value") },
    claim_value_type: {
      ...text,
      ...optional,
      default: "String",
      oneOf: ["String", "long", "int", "boolean", "JSON"],
      ...textIn(CONFIG, "jsonType.label"),
    },
    add_to_id_token: addTo("id.token.claim"),
    add_to_access_token: addTo("access.token.claim"),
    add_to_userinfo: addTo("userinfo.token.claim"),
  },
});
