import { type Listing, listing } from "../../admin-api/listing";
import type { Session } from "../../admin-api/session";
import type { Representation } from "../../engine/table";

/** A realm's clients, with their default and optional scopes and their mappers. */
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

/** A client with its default and optional scopes and its mappers. Null: it does not exist. */
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
 * Changes a client, and forgets what is known of it: what others read meanwhile may hold half of the change.
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

/** The user of a client's service account. Keycloak names it after the client, in lower case. */
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
