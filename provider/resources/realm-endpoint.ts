import { adviceFor, missingRight } from "../admin-api/advice";
import { KeycloakError, unlessGone } from "../admin-api/errors";
import { statusFault } from "../admin-api/faults";
import type { Session } from "../admin-api/session";
import type { Endpoint, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";

/**
 * A realm. Null: it does not exist. A login with too few rights gets only the realm's name, which must not be taken for
 * the whole realm.
 */
export async function readRealm(session: Session, what: string, realm: string): Promise<Representation | null> {
  const found = await session.read(what, (admin) => admin.realms.findOne({ realm }));
  if (!found || found.id) return (found ?? null) as Representation | null;
  const fault = statusFault(403, undefined);
  throw new KeycloakError(
    fault,
    `${what}: Keycloak answered with the realm's name and nothing else`,
    missingRight(realm, "realm"),
  );
}

/** Each realm has a client and roles in the realm "master": made at once, one waits for the other's locks in vain. */
async function oneAtATime<T>(session: Session, run: () => Promise<T>): Promise<T> {
  return session.exclusive("realms", run);
}

export const realmEndpoint: Endpoint = {
  async create(session, representation, { planned }) {
    const realm = String(planned.realm);
    // A realm found after a create without an answer is ours only if it did not exist before.
    const what = `Looking for realm "${realm}"`;
    if (await session.read(what, (admin) => admin.realms.findOne({ realm }))) {
      const fault = statusFault(409, undefined);
      throw new KeycloakError(
        fault,
        `Creating realm "${realm}": a realm of this name exists already`,
        adviceFor(fault),
      );
    }
    await oneAtATime(session, () =>
      session.call(
        `Creating realm "${realm}"`,
        (admin) => admin.realms.create(representation),
        (admin) => admin.realms.findOne({ realm }).then((found) => (found ? { realmName: realm } : null)),
      ),
    );
    // The next token has the rights on the new realm. What is known of an earlier realm of this name is void.
    session.renewSignIn();
    session.forgetAll();
    return { id: realm };
  },
  async read(session, state) {
    const realm = String(state.id);
    return readRealm(session, `Reading realm "${realm}"`, realm);
  },
  /** Keycloak drops every attribute that an update leaves out. */
  async base(session, state) {
    const attributes = (await realmEndpoint.read(session, state, true))?.attributes ?? {};
    return { attributes };
  },
  async update(session, representation, { prior }) {
    const realm = String(prior!.id);
    await session.call(`Changing realm "${realm}"`, (admin) => admin.realms.update({ realm }, representation));
  },
  async delete(session, state) {
    const realm = String(state.id);
    if (state.terraform_deletion_protection === true) {
      const detail = "Set terraform_deletion_protection to false and apply before deleting the realm.";
      throw new DiagnosticError(problem(`realm "${realm}" is protected from deletion`, detail));
    }
    const what = `Deleting realm "${realm}"`;
    await oneAtATime(session, () => unlessGone(session.call(what, (admin) => admin.realms.del({ realm }))));
    session.forgetAll();
  },
};
