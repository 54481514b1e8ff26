import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import type { Change, Endpoint, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { equal, type ObjectValue } from "../protocol/values";
import { changingClient, readClient, readServiceAccount } from "./shared/clients";

/** How clients are made, read, changed and removed. `newId` names a client before Keycloak has seen it. */
export function clientEndpoint(newId: () => string): Endpoint {
  return {
    async create(session, representation, change) {
      const { realm, what } = names(change.planned, "Creating");
      const body = { ...representation, ...secret(change), protocol: "openid-connect" };
      if (change.planned.import === true) return { id: await adopt(session, realm, body) };
      // The id is ours: a create that got no answer is found by it, and is not made twice.
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
      // Switching the account on is the only change of a client that gives it another user.
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
        if (equal(before, after, ["map", "string"])) return;
        await session.call(what, (admin) => admin.clients.generateNewClientSecret({ realm, id }));
      });
    },

    async delete(session, state) {
      // A client that was there before is left in peace.
      if (state.import === true) return;
      const { realm, what, id } = names(state, "Deleting", state);
      await changingClient(session, realm, id, () =>
        unlessGone(session.call(what, (admin) => admin.clients.del({ realm, id }))),
      );
    },
  };
}

/** Takes over a client that exists: what is declared is set, the rest stays. */
async function adopt(session: Session, realm: string, body: Representation): Promise<string> {
  const clientId = String(body.clientId);
  const what = `Taking over client "${clientId}" of realm "${realm}"`;
  const [found] = await session.read(what, (admin) => admin.clients.find({ realm, clientId }));
  if (!found?.id) {
    throw new DiagnosticError(problem(`${what}: there is none to take over`, "Remove `import = true` to create it."));
  }
  const { id } = found;
  // Keycloak gives some fields that an update leaves out values of its own.
  const attributes = { ...found.attributes, ...(body.attributes as object) };
  await session.call(what, (admin) => admin.clients.update({ realm, id }, { ...found, ...body, attributes, id }));
  return id;
}

/** The write-only secret, sent when its version changes; Terraform hands it over in the configuration alone. */
function secret({ prior, planned, config }: Change): Representation {
  const version = planned.client_secret_wo_version ?? null;
  if (version === null || version === (prior?.client_secret_wo_version ?? null)) return {};
  return { secret: config.client_secret_wo };
}

function names(values: ObjectValue, verb: string, known?: ObjectValue) {
  const realm = String(values.realm_id);
  return { realm, id: String(known?.id), what: `${verb} client "${values.client_id}" of realm "${realm}"` };
}
