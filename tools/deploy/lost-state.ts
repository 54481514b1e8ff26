import { acceptedKids, CLIENT } from "../../constructs/contract/client-keys";
import type { ResourceJson } from "../../constructs/contract/terraform-json";
import { type Ask, withAdminApi } from "../keycloak/admin-api";
import { isUnique } from "../keycloak/import-ids";
import { addresses, type Stack } from "../project/project";
import { keycloakEntries, type State } from "../project/state";
import { aliasOf } from "./half-made";
import { declaredIdentity } from "./moves";

/** A client as the admin API tells of it. */
interface Told {
  readonly clientId?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/**
 * What a stack may have in Keycloak without its state knowing, as the state was lost: its addresses, for the state to take in.
 * There are none where nothing proves that it is this stack's.
 *
 * The proof is a key. A client of Keycloak that accepts a key that is declared here was made by this code. One that accepts none
 * of them is somebody else's, and nothing is taken then: the apply says what is in the way.
 */
export async function lostWithItsState(stack: Stack, state: State): Promise<string[]> {
  const known = keycloakEntries(state).map(({ address }) => address);
  const missing = addresses(stack, "keycloak_").filter((one) => isUnique(typeOf(one)) && !known.includes(one));
  const aliases = [...new Set(missing.map((address) => aliasOf(stack, address)))];
  const found = await Promise.all(
    aliases.map(async (alias) => {
      const own = missing.filter((address) => aliasOf(stack, address) === alias);
      const areOurs = await withAdminApi(stack, alias, async (ask) => {
        const clients = own.filter((address) => typeOf(address) === CLIENT);
        const shares = await Promise.all(clients.map((address) => sharesKey(stack, state, address, ask)));
        return shares.includes(true) && !shares.includes(false);
      });
      return areOurs ? own : [];
    }),
  );
  return found.flat();
}

function typeOf(address: string): string {
  return address.split(".")[0]!;
}

/** Whether a client of Keycloak has a key that is declared here; `undefined` for a client that is not there. */
async function sharesKey(stack: Stack, state: State, address: string, ask: Ask): Promise<boolean | undefined> {
  const { realm_id: realm, client_id: clientId } = declaredIdentity(stack, state, address);
  if (typeof realm !== "string" || typeof clientId !== "string") return undefined; // of a realm that is still to be made
  const { body } = await ask(realm, "clients", `?${new URLSearchParams({ clientId })}`);
  const client = (Array.isArray(body) ? (body as Told[]) : []).find((one) => one.clientId === clientId);
  if (client === undefined) return undefined;
  const declared = stack.json.resource?.[CLIENT]?.[address.split(".")[1]!] as ResourceJson;
  const accepted = acceptedKids({ extra_config: client.attributes ?? {} } as ResourceJson);
  return acceptedKids(declared).some((kid) => accepted.includes(kid));
}
