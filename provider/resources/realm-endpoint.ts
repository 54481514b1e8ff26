import { adviceFor } from "../admin-api/advice";
import { KeycloakError, unlessGone } from "../admin-api/errors";
import { statusFault } from "../admin-api/faults";
import type { Session } from "../admin-api/session";
import type { Endpoint, Representation } from "../engine/table";
import { DiagnosticError, problem } from "../protocol/diagnostics";

/**
 * A realm; null where there is none. Who may see no more than that there is one is told its name alone, which must not
 * pass for the realm.
 */
export async function readRealm(session: Session, what: string, realm: string): Promise<Representation | null> {
  const found = await session.read(what, (admin) => admin.realms.findOne({ realm }));
  if (!found || found.id) return (found ?? null) as Representation | null;
  const fault = statusFault(403, undefined);
  const right = `of the realm-management roles of realm "${realm}" it needs manage-realm (view-realm is enough for a plan)`;
  const detail = `The provider's user or client lacks a right: ${right}, or the role admin of realm master.`;
  throw new KeycloakError(fault, `${what}: Keycloak answered with the realm's name and nothing else`, detail);
}

export const realmEndpoint: Endpoint = {
  async create(session, representation, { planned }) {
    const realm = String(planned.realm);
    // What is found after a create without an answer is ours only if it was not there before.
    const what = `Looking for realm "${realm}"`;
    if (await session.read(what, (admin) => admin.realms.findOne({ realm }))) {
      const fault = statusFault(409, undefined);
      throw new KeycloakError(fault, `Creating realm "${realm}": there is one of this name`, adviceFor(fault, realm));
    }
    await session.call(
      `Creating realm "${realm}"`,
      (admin) => admin.realms.create(representation),
      (admin) => admin.realms.findOne({ realm }).then((found) => (found ? { realmName: realm } : null)),
    );
    // The right to manage the new realm comes with the next token; of one of this name before it nothing is left.
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
    await unlessGone(session.call(`Deleting realm "${realm}"`, (admin) => admin.realms.del({ realm })));
    session.forgetAll();
  },
};
