import { KeycloakError } from "../admin-api/errors";
import type { Session } from "../admin-api/keycloak";
import { type Listing, listing } from "../admin-api/listing";
import type { Change, Endpoint, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { equal, type ObjectValue } from "../protocol/values";

/** A realm's clients, each with its default and optional scopes and its mappers. */
function clientsOf(session: Session, realm: string): Promise<Listing<Representation>> {
  const what = `Listing the clients of realm "${realm}"`;
  return listing(
    session,
    `clients ${realm}`,
    ({ id }) => String(id),
    (first, max) =>
      session.read(what, (admin) => admin.clients.find({ realm, first, max })) as Promise<Representation[]>,
  );
}

/** A client with its default and optional scopes and its mappers; null where there is none. */
export async function readClient(
  session: Session,
  realm: string,
  id: string,
  fresh = false,
): Promise<Representation | null> {
  const what = `Reading client ${id} of realm "${realm}"`;
  const one = () => session.read(what, (admin) => admin.clients.findOne({ realm, id }));
  const clients = await clientsOf(session, realm);
  return clients.get(id, async () => ((await one()) ?? null) as Representation | null, fresh);
}

/**
 * Does something that changes a client. Whoever asks for it afterwards has it read anew: what somebody else has read
 * meanwhile may show half of the change.
 */
export async function changingClient<T>(
  session: Session,
  realm: string,
  id: string,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } finally {
    (await clientsOf(session, realm)).forget(id);
  }
}

/** The user that stands for a client in its own tokens. Keycloak names it after the client, in lower case. */
export async function readServiceAccount(
  session: Session,
  realm: string,
  client: Representation,
  fresh: boolean,
): Promise<Representation | null> {
  const accounts = await listing<Representation>(
    session,
    `service accounts ${realm}`,
    ({ username }) => String(username),
    (first, max) => {
      const query = { realm, username: SERVICE_ACCOUNT, briefRepresentation: true, first, max };
      return session.read(`Listing the service accounts of realm "${realm}"`, (admin) =>
        admin.users.find(query),
      ) as Promise<Representation[]>;
    },
  );
  const what = `Reading the service account of client "${client.clientId}"`;
  const one = () =>
    session.read(what, (admin) => admin.clients.getServiceAccountUser({ realm, id: String(client.id) }));
  const name = `${SERVICE_ACCOUNT}${String(client.clientId).toLowerCase()}`;
  return accounts.get(name, one as () => Promise<Representation>, fresh);
}

const SERVICE_ACCOUNT = "service-account-";

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

/** What is gone already, with the realm or by itself, is null: deleting it is done, reading it finds nothing. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  return call.catch((error: unknown) => {
    if (!(error instanceof KeycloakError && error.fault.status === 404)) throw error;
    return null;
  });
}
