import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import type { Change, Endpoint, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { equivalent, type ObjectValue } from "../protocol/values";
import { changingClient, readClient, readServiceAccount } from "./shared/clients";

/** The calls for a client. `newId` chooses its id before Keycloak knows of it. */
export function clientEndpoint(newId: () => string): Endpoint {
  return {
    async create(session, representation, change) {
      const { realm, what } = names(change.planned, "Creating");
      const body = { ...representation, ...secret(change), protocol: "openid-connect" };
      if (change.planned.import === true) return { id: await adopt(session, realm, body) };
      // We choose the id: after a create without an answer it finds the client, which is then not made twice.
      const id = newId();
      await session.call(
        what,
        (admin) => admin.clients.create({ realm, ...body, id }),
        (admin) => admin.clients.findOne({ realm, id }).then((found) => (found ? { id } : null)),
      );
      return { id };
    },

    async read(session, state, fresh) {
      const [realm, id] = [String(state.realm_id), String(state.id)];
      const client = await readClient(session, realm, id, fresh);
      if (!client?.serviceAccountsEnabled) return client;
      // A client gets another user only when its service account is switched on.
      const user = state.service_account_user_id;
      if (fresh && typeof user === "string" && user !== "") return { ...client, serviceAccountUser: { id: user } };
      return { ...client, serviceAccountUser: await readServiceAccount(session, realm, client, fresh) };
    },

    async update(session, representation, change) {
      const { realm, what, id } = names(change.planned, "Changing", change.prior!);
      const body = { ...representation, ...secret(change), id };
      const regenerate = "client_secret_regenerate_when_changed";
      const [before, after] = [change.prior![regenerate] ?? null, change.planned[regenerate] ?? null];
      await changingClient(session, realm, id, async () => {
        await session.call(what, (admin) => admin.clients.update({ realm, id }, body));
        if (equivalent(before, after, ["map", "string"])) return;
        await session.call(what, (admin) => admin.clients.generateNewClientSecret({ realm, id }));
      });
    },

    async delete(session, state) {
      // A client that existed before stays.
      if (state.import === true) return;
      const { realm, what, id } = names(state, "Deleting", state);
      await changingClient(session, realm, id, () =>
        unlessGone(session.call(what, (admin) => admin.clients.del({ realm, id }))),
      );
    },
  };
}

/** Takes over an existing client: sets what is declared, and keeps the rest. */
async function adopt(session: Session, realm: string, body: Representation): Promise<string> {
  const clientId = String(body.clientId);
  const what = `Taking over client "${clientId}" of realm "${realm}"`;
  const [found] = await session.read(what, (admin) => admin.clients.find({ realm, clientId }));
  if (!found?.id) {
    throw new DiagnosticError(problem(`${what}: it does not exist`, "Remove `import = true` to create it."));
  }
  const { id } = found;
  // Keycloak changes some fields that an update leaves out.
  const attributes = { ...found.attributes, ...(body.attributes as object) };
  await session.call(what, (admin) => admin.clients.update({ realm, id }, { ...found, ...body, attributes, id }));
  return id;
}

/** The write-only secret, sent when its version changes. Only the configuration holds it. */
function secret({ prior, planned, config }: Change): Representation {
  const version = planned.client_secret_wo_version ?? null;
  if (version === null || version === (prior?.client_secret_wo_version ?? null)) return {};
  return { secret: config.client_secret_wo };
}

function names(values: ObjectValue, verb: string, known?: ObjectValue) {
  const realm = String(values.realm_id);
  return { realm, id: String(known?.id), what: `${verb} client "${values.client_id}" of realm "${realm}"` };
}
