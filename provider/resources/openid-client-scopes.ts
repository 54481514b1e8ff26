import { shown } from "../../constructs/keys/shown";
import { unlessGone } from "../admin-api/errors";
import type { Session } from "../admin-api/session";
import { required, text, texts } from "../engine/fields";
import type { Change, Endpoint, Resource } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";
import { isUnknown, type ObjectValue, UNKNOWN } from "../protocol/values";
import { idsOf, scopesOf } from "./shared/client-scopes";
import { changingClient, readClient } from "./shared/clients";
import { realmAndClient } from "./shared/import-ids";
import { declaredOnce, type Kind, otherThan } from "./shared/scope-lists";

const LISTS = { default: "defaultClientScopes", optional: "optionalClientScopes" } as const;

async function attach(session: Session, kind: Kind, realm: string, id: string, clientScopeId: string) {
  const what = `Attaching ${kind} client scope ${clientScopeId} to client ${id} of realm "${realm}"`;
  const target = { realm, id, clientScopeId };
  await session.call(what, ({ clients }) =>
    kind === "default" ? clients.addDefaultClientScope(target) : clients.addOptionalClientScope(target),
  );
}

async function detach(session: Session, kind: Kind, realm: string, id: string, clientScopeId: string) {
  const what = `Detaching ${kind} client scope ${clientScopeId} from client ${id} of realm "${realm}"`;
  const target = { realm, id, clientScopeId };
  const removal = session.call(what, ({ clients }) =>
    kind === "default" ? clients.delDefaultClientScope(target) : clients.delOptionalClientScope(target),
  );
  await unlessGone(removal);
}

/** Attaches and detaches until the client has exactly the wanted scopes. A scope of the other kind is moved. */
async function reconcile(session: Session, kind: Kind, { planned }: Change): Promise<void> {
  const [realm, id, attribute] = [String(planned.realm_id), String(planned.client_id), `${kind}_scopes`];
  const wanted = planned[attribute] as string[];
  await session.exclusive(`scopes of ${realm}/${id}`, async () => {
    const client = await readClient(session, realm, id);
    if (!client) {
      const summary = `client_id must be the id of a client in realm "${realm}", got: ${shown(id)}`;
      throw new DiagnosticError(problem(summary, "It is the client's UUID, not its client id.", ["client_id"]));
    }
    if (client.bearerOnly) {
      throw new DiagnosticError(
        problem(
          `client_id must not name a BEARER-ONLY client, got: ${shown(id)}`,
          "Such a client has no scopes. Remove them, or change its access_type.",
          ["client_id"],
        ),
      );
    }
    const other = otherThan(kind);
    const attached = (client[LISTS[kind]] ?? []) as string[];
    const elsewhere = (client[LISTS[other]] ?? []) as string[];
    const added = wanted.filter((name) => !attached.includes(name));
    const ids = await idsOf(session, realm, added, attribute);
    const removed = attached.filter((name) => !wanted.includes(name));
    if (!added.length && !removed.length) return;
    await changingClient(session, realm, id, async () => {
      for (const name of removed) {
        const scope = ids.get(name);
        if (scope) await detach(session, kind, realm, id, scope);
      }
      for (const name of added) {
        if (elsewhere.includes(name)) await detach(session, other, realm, id, ids.get(name)!);
        await attach(session, kind, realm, id, ids.get(name)!);
      }
    });
  });
}

async function release(session: Session, kind: Kind, state: ObjectValue): Promise<void> {
  const [realm, id] = [String(state.realm_id), String(state.client_id)];
  const listed = state[`${kind}_scopes`] as string[];
  await session.exclusive(`scopes of ${realm}/${id}`, async () => {
    const client = await readClient(session, realm, id);
    const attached = ((client?.[LISTS[kind]] ?? []) as string[]).filter((name) => listed.includes(name));
    if (!attached.length) return;
    const scopes = [...(await scopesOf(session, realm)).values()];
    await changingClient(session, realm, id, async () => {
      for (const scope of scopes.filter(({ name }) => attached.includes(String(name)))) {
        await detach(session, kind, realm, id, String(scope.id));
      }
    });
  });
}

function endpointFor(kind: Kind): Endpoint {
  return {
    async create(session, _representation, change) {
      await reconcile(session, kind, change);
      return { id: `${change.planned.realm_id}/${change.planned.client_id}` };
    },
    async read(session, { realm_id, client_id }) {
      // A change makes the run forget the client. Without one, what is known is still true.
      const client = await readClient(session, String(realm_id), String(client_id));
      return client && { scopes: client[LISTS[kind]] ?? [] };
    },
    update: (session, _representation, change) => reconcile(session, kind, change),
    delete: (session, state) => release(session, kind, state),
  };
}

/** The client scopes of a client. The declared list is complete: other scopes are detached. */
function scopesResource(kind: Kind): Resource {
  return {
    name: `keycloak_openid_client_${kind}_scopes`,
    title: ({ client_id, realm_id }) => `the ${kind} scopes of client ${client_id} of realm "${realm_id}"`,
    version: 0,
    attributes: {
      realm_id: { ...text, ...required, replace: true },
      client_id: { ...text, ...required, replace: true },
      [`${kind}_scopes`]: { ...texts, ...required, read: ({ scopes }) => scopes as string[] },
    },
    endpoint: endpointFor(kind),
    plan: ({ prior, planned }) => {
      const { realm_id, client_id } = planned;
      const known = !isUnknown(realm_id) && !isUnknown(client_id);
      if (!prior) planned.id = known ? `${realm_id}/${client_id}` : UNKNOWN;
    },
    beside: declaredOnce(kind, ["realm_id", "client_id"]),
    importId: realmAndClient,
  };
}

export const openidClientDefaultScopes = scopesResource("default");
export const openidClientOptionalScopes = scopesResource("optional");
