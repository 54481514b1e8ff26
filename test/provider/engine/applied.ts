import { planChange } from "../../../provider/engine/plan";
import { readState, writeRepresentation } from "../../../provider/engine/state";
import type { Representation, Resource } from "../../../provider/engine/table";
import type { ObjectValue } from "../../../provider/protocol/values";
import { openidClient } from "../../../provider/resources/openid-client";

/** The configuration of a client that signs in by a JWT. */
export const machine: ObjectValue = {
  realm_id: "r",
  client_id: "machine-a",
  access_type: "CONFIDENTIAL",
  client_authenticator_type: "client-jwt",
  service_accounts_enabled: true,
  extra_config: { "token.endpoint.auth.signing.alg": "RS256", "use.jwks.url": "false" },
};

/** The state after an apply against a server that keeps what it is sent. */
export function applied(
  config: ObjectValue,
  prior: ObjectValue | null = null,
): { state: ObjectValue; server: Representation } {
  const planned = planChange(openidClient, prior, config).planned!;
  const server = writeRepresentation(openidClient, { id: "uuid" }, planned, prior);
  const state = readState(openidClient, { ...server, serviceAccountUser: { id: "user" } }, { ...planned, id: "uuid" });
  return { state, server };
}

/** The attributes that a plan changes. */
export const changesOf = (resource: Resource, prior: ObjectValue, config: ObjectValue) => {
  const { planned } = planChange(resource, prior, config);
  return Object.keys(planned!).filter((name) => JSON.stringify(planned![name]) !== JSON.stringify(prior[name]));
};

/** The attributes that the plan of a client changes. */
export const changes = (prior: ObjectValue, config: ObjectValue) => changesOf(openidClient, prior, config);
