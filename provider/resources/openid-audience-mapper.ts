import { optional, text, textIn } from "../engine/fields";
import { conflicts, isSet } from "../engine/rules";
import { addTo, CONFIG, mapperResource } from "./shared/mappers";

/** Puts an API's name into the tokens of those who may call it. */
export const openidAudienceMapper = mapperResource({
  name: "keycloak_openid_audience_protocol_mapper",
  kind: "audience mapper",
  protocolMapper: "oidc-audience-mapper",
  own: {
    included_client_audience: { ...text, ...optional, ...textIn(CONFIG, "included.client.audience", null) },
    included_custom_audience: { ...text, ...optional, ...textIn(CONFIG, "included.custom.audience", null) },
    add_to_id_token: addTo("id.token.claim"),
    add_to_access_token: addTo("access.token.claim"),
    add_to_token_introspection: addTo("introspection.token.claim"),
  },
  rules: [
    conflicts("included_client_audience", ["included_custom_audience"]),
    (config) =>
      isSet(config.included_client_audience) || isSet(config.included_custom_audience)
        ? []
        : [{ path: [], summary: "one of included_client_audience and included_custom_audience must be set" }],
  ],
});
