import { shown } from "../../../constructs/keys/shown";
import { KeycloakError } from "../../admin-api/errors";
import type { Session } from "../../admin-api/session";
import type { Representation } from "../../engine/table";
import { DiagnosticError, problem } from "../../protocol/diagnostics";

type Scopes = Map<string, Representation>;

const keyOf = (realm: string) => `client scopes ${realm}`;

/** All client scopes of a realm by id. They are listed once in a run, and follow what the run writes. */
export function scopesOf(session: Session, realm: string): Promise<Scopes> {
  return session.shared(keyOf(realm), async () => {
    const what = `Listing the client scopes of realm "${realm}"`;
    const list = await session
      .read(what, (admin) => admin.clientScopes.find({ realm }))
      .catch((error: unknown) => {
        if (error instanceof KeycloakError && error.fault.status === 404) return [];
        throw error;
      });
    return new Map(list.map((scope) => [scope.id!, scope as Representation]));
  });
}

export function forgetScopes(session: Session, realm: string): void {
  session.forget(keyOf(realm));
}

/** One client scope with its mappers. `fresh`: read it from the server, since it was just written. */
export async function readScope(session: Session, realm: string, id: string, fresh: boolean) {
  if (!fresh) return (await scopesOf(session, realm)).get(id) ?? null;
  const what = `Reading client scope ${id} of realm "${realm}"`;
  const found = await session.read(what, (admin) => admin.clientScopes.findOne({ realm, id }));
  const scopes = await scopesOf(session, realm);
  if (found) scopes.set(id, found as Representation);
  else scopes.delete(id);
  return (found ?? null) as Representation | null;
}

/** Ids by name. If a name is missing the scopes are listed again: somebody may have added it since. */
export async function idsOf(
  session: Session,
  realm: string,
  names: string[],
  attribute: string,
  eligible: (scope: Representation) => boolean = ({ protocol }) => protocol === "openid-connect",
): Promise<Map<string, string>> {
  const find = async () => {
    const scopes = [...(await scopesOf(session, realm)).values()].filter(eligible);
    const ids = new Map(scopes.map(({ name, id }) => [String(name), String(id)]));
    return { ids, missing: names.filter((name) => !ids.has(name)) };
  };
  let { ids, missing } = await find();
  if (missing.length) {
    forgetScopes(session, realm);
    ({ ids, missing } = await find());
  }
  if (!missing.length) return ids;
  const summary = `${attribute} must name client scopes of realm "${realm}", got: ${shown(missing.join(", "))}`;
  throw new DiagnosticError(problem(summary, "Declare the scope, or check its name.", [attribute]));
}
