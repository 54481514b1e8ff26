import { shown } from "../../constructs/keys/shown";
import type { Session } from "../admin-api/session";
import { optional, text, textIn } from "../engine/fields";
import { conflicts, isSet } from "../engine/rules";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import type { ObjectValue } from "../protocol/values";
import { addTo, CONFIG, mapperResource } from "./shared/mappers";

/** Keycloak takes any name for a client, and leaves out of tokens the one that is none. */
async function checkAudience(session: Session, { realm_id, included_client_audience }: ObjectValue): Promise<void> {
  if (!isSet(included_client_audience)) return;
  const [realm, clientId] = [String(realm_id), String(included_client_audience)];
  const what = `Looking for client "${clientId}" of realm "${realm}"`;
  if ((await session.read(what, (admin) => admin.clients.find({ realm, clientId }))).length) return;
  const summary = `included_client_audience must be the client id of a client of realm "${realm}", got: ${shown(clientId)}`;
  const detail =
    "Declare the client and refer to its client_id, or check its name. A name that is no client's belongs into included_custom_audience.";
  throw new DiagnosticError(problem(summary, detail, ["included_client_audience"]));
}

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
  check: checkAudience,
  rules: [
    conflicts("included_client_audience", ["included_custom_audience"]),
    (config) =>
      isSet(config.included_client_audience) || isSet(config.included_custom_audience)
        ? []
        : [{ path: [], summary: "one of included_client_audience and included_custom_audience must be set" }],
  ],
});
