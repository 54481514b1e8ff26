import { computed, field, flag, required, text, texts } from "../engine/fields";
import type { DataSource, Representation } from "../engine/table";
import { attributesOfLists } from "../resources/role";
import { readClient, readServiceAccount } from "../resources/shared/clients";
import { notFound } from "./not-found";

const shownText = (name: string) => ({ ...text, ...computed, ...field(name, "") });

export const serviceAccountUserData: DataSource = {
  name: "keycloak_openid_client_service_account_user",
  attributes: {
    realm_id: { ...text, ...required },
    client_id: { ...text, ...required },
    username: shownText("username"),
    email: shownText("email"),
    email_verified: { ...flag, ...computed, ...field("emailVerified", false) },
    first_name: shownText("firstName"),
    last_name: shownText("lastName"),
    enabled: { ...flag, ...computed, ...field("enabled", false) },
    attributes: { ...attributesOfLists, ...computed },
    required_actions: { ...texts, ...computed, ...field("requiredActions", []) },
    federated_identity: {
      type: ["list", ["object", { identity_provider: "string", user_id: "string", user_name: "string" }]],
      ...computed,
      read: ({ federatedIdentities }) =>
        ((federatedIdentities ?? []) as { [name: string]: string }[]).map((identity) => ({
          identity_provider: identity.identityProvider ?? "",
          user_id: identity.userId ?? "",
          user_name: identity.userName ?? "",
        })),
    },
  },
  async read(session, { realm_id, client_id }) {
    const [realm, id] = [String(realm_id), String(client_id)];
    const client = await readClient(session, realm, id);
    if (!client) {
      const remedy = "client_id is the client's UUID, not its client id.";
      throw notFound(`client ${id} of realm "${realm}"`, ["client_id"], remedy);
    }
    if (client.serviceAccountsEnabled)
      return (await readServiceAccount(session, realm, client, true)) as Representation;
    const remedy = "Set service_accounts_enabled on the client.";
    throw notFound(`the service account of client "${client.clientId}"`, ["client_id"], remedy);
  },
};
