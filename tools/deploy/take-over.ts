import type { ServerDescription } from "../../constructs/contract/markers";
import { withAdminApi } from "../keycloak/admin-api";
import { importIdOf, isUnique } from "../keycloak/import-ids";
import { addresses, type Stack } from "../project/project";
import type { State } from "../project/state";
import { type Session, terraform } from "../session";
import { adopt, aliasOf } from "./half-made";
import { declaredIdentity } from "./moves";
import { localPort } from "./servers";

/**
 * Makes the states know what is in Keycloak after its database was replaced: an object that is declared and has another id
 * now, or that the state does not know at all, is taken in by its name. What is not there, Terraform finds by itself.
 *
 * Where nobody can sign in, it says so: then the restore has come to its end all the same.
 */
export async function takeOver(
  session: Session,
  stacks: readonly Stack[],
  servers: readonly ServerDescription[],
): Promise<void> {
  const { out } = session;
  for (const stack of stacks) {
    const own = declaredOn(stack, servers);
    if (own.length === 0) continue;
    try {
      await out.step(`comparing stack ${stack.name} with Keycloak`, () => settle(session, stack, own));
    } catch (error) {
      out.warn(
        `warning: whether the state of stack ${stack.name} fits the backup is not known: ${(error as Error).message}`,
      );
    }
  }
}

/** The addresses of what a stack declares on some servers, of which Keycloak has one only. */
export function uniqueOn(stack: Stack, servers: readonly ServerDescription[]): string[] {
  return declaredOn(stack, servers).map(({ address }) => address);
}

/** What is found by its name is forgotten under its old id first. What belongs to it has another name then: so in rounds. */
async function settle(session: Session, stack: Stack, own: readonly Declared[]): Promise<void> {
  const tool = terraform(session, stack);
  await tool.init();
  const all = own.map(({ address }) => address);
  const left = new Set(all); // each once: it must come to an end, whatever form an id has
  for (;;) {
    const state = await tool.state();
    const stale = (await staleIn(stack, state, own)).filter((address) => left.delete(address));
    await tool.forget([...stale, ...settingsOf(state, stale).filter((address) => !all.includes(address))]);
    await adopt(session, stack, all, "the backup has");
    if (stale.length === 0) return;
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The entries that are of what has another id now, such as lists of scopes. They went with it, and are made anew. */
function settingsOf({ resources }: State, stale: readonly string[]): string[] {
  const entries = resources.flatMap(({ mode, type, name, instances }) =>
    mode === "managed" && type.startsWith("keycloak_")
      ? instances.map(({ attributes }) => ({ address: `${type}.${name}`, attributes }))
      : [],
  );
  const gone = entries
    .filter(({ address }) => stale.includes(address))
    .flatMap(({ attributes }) => [attributes.id, attributes.service_account_user_id])
    .filter((id) => typeof id === "string" && UUID.test(id));
  return entries
    .filter(({ attributes }) => Object.values(attributes).some((value) => gone.includes(value)))
    .map(({ address }) => address)
    .filter((address) => !stale.includes(address));
}

interface Declared {
  readonly address: string;
  readonly alias: string | undefined;
}

function declaredOn(stack: Stack, servers: readonly ServerDescription[]): Declared[] {
  const ports = servers.map(({ port }) => port);
  const providers = [stack.json.provider?.keycloak ?? []].flat();
  const aliases = providers.filter(({ url = "" }) => ports.includes(localPort(url) ?? -1)).map(({ alias }) => alias);
  return addresses(stack, "keycloak_")
    .filter((address) => isUnique(address.split(".")[0]!))
    .map((address) => ({ address, alias: aliasOf(stack, address) }))
    .filter(({ alias }) => aliases.includes(alias));
}

/** The entries of a state whose object has another id in Keycloak. */
async function staleIn(stack: Stack, state: State, own: readonly Declared[]): Promise<string[]> {
  const known = new Map<string, unknown>(
    state.resources.flatMap(({ mode, type, name, instances }) =>
      mode === "managed" ? instances.map(({ attributes }) => [`${type}.${name}`, attributes.id] as const) : [],
    ),
  );
  const aliases = [...new Set(own.map(({ alias }) => alias))];
  const stale = await Promise.all(
    aliases.map(async (alias) => {
      const entries = own.filter((one) => one.alias === alias && known.has(one.address));
      return await withAdminApi(stack, alias, async (ask) => {
        const ids = await Promise.all(
          entries.map(({ address }) =>
            importIdOf(address.split(".")[0]!, declaredIdentity(stack, state, address), ask),
          ),
        );
        return entries
          .filter(({ address }, at) => ids[at] !== undefined && !ids[at].endsWith(String(known.get(address))))
          .map(({ address }) => address);
      });
    }),
  );
  return stale.flat();
}
