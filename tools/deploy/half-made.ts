import { creations, type SavedPlan } from "../engines/saved-plan";
import type { PlannedChange } from "../engines/terraform-events";
import { withAdminApi } from "../keycloak/admin-api";
import { importIdOf, isUnique } from "../keycloak/import-ids";
import { ToolError } from "../output";
import { inWords } from "../project/identity";
import type { Stack } from "../project/project";
import type { State } from "../project/state";
import { type Session, terraform } from "../session";
import { declaredIdentity } from "./moves";
import { externalPorts, localPort } from "./servers";

/** Does a plan make something of which Keycloak has one only? */
export function makesInKeycloak(changes: readonly PlannedChange[]): boolean {
  return changes.some(({ action, address }) => /^(create|replace)$/.test(action) && isUnique(address.split(".")[0]!));
}

/**
 * The addresses of what a plan is about to make in Keycloak and is not there yet: if the run is killed, what is found of
 * it afterwards is its own. What was there before belongs to somebody else.
 */
export async function aboutToMake(stack: Stack, plan: SavedPlan): Promise<string[]> {
  const made = creations(plan).filter(({ type }) => isUnique(type));
  const found = await Promise.all(
    aliasesOf(stack).map(async (alias) => {
      const own = made.filter(({ address }) => aliasOf(stack, address) === alias);
      const all = own.map(({ address }) => address);
      if (own.length === 0) return [];
      return await withAdminApi(stack, alias, async (ask) => {
        const ids = await Promise.all(own.map(({ type, change }) => importIdOf(type, change.after ?? {}, ask)));
        // What is made anew in its own place was there before, and is this stack's.
        return all.filter((_, index) => ids[index] === undefined || own[index]!.change.actions.includes("delete"));
      }).catch((error) => {
        if (!(error instanceof ToolError)) throw error;
        return isMadeHere(stack, alias) ? all : []; // a server that is not there yet holds nothing
      });
    }),
  );
  return found.flat();
}

/**
 * Takes what a killed run made in Keycloak, and could not write down any more, into the state.
 *
 * @param origin how it came to be there, for the person
 * @returns whether there was something
 */
export async function adopt(
  session: Session,
  stack: Stack,
  addresses: readonly string[],
  origin = "an interrupted run made",
): Promise<boolean> {
  const tool = terraform(session, stack);
  for (let rounds = 0; ; rounds++) {
    const state = await tool.state();
    const found = await findHalfMade(stack, state, addresses);
    for (const [address, id] of found) {
      const what = inWords(address.split(".")[0]!, declaredIdentity(stack, state, address));
      session.out.warn(`${origin} ${what}; it is taken into the state as ${address}`);
      await tool.import(address, id);
    }
    if (found.length === 0) return rounds > 0; // what belongs to something is found once that is in the state
  }
}

async function findHalfMade(
  stack: Stack,
  state: State,
  addresses: readonly string[],
): Promise<(readonly [address: string, id: string])[]> {
  const known = state.resources.filter(({ mode }) => mode === "managed").map(({ type, name }) => `${type}.${name}`);
  const missing = addresses.filter((address) => !known.includes(address) && isDeclared(stack, address));
  const found = await Promise.all(
    aliasesOf(stack).map(async (alias) => {
      const own = missing.filter((address) => aliasOf(stack, address) === alias);
      if (own.length === 0) return [];
      return await withAdminApi(stack, alias, async (ask) => {
        const ids = await Promise.all(
          own.map((address) => importIdOf(address.split(".")[0]!, declaredIdentity(stack, state, address), ask)),
        );
        return own.flatMap((address, index) => (ids[index] === undefined ? [] : [[address, ids[index]] as const]));
      }).catch((error) => {
        if (!(error instanceof ToolError)) throw error;
        return []; // its server is not there: Terraform says so, or makes it
      });
    }),
  );
  return found.flat();
}

function isDeclared({ json }: Stack, address: string): boolean {
  const [type = "", name = ""] = address.split(".");
  return json.resource?.[type]?.[name] !== undefined;
}

function aliasesOf({ json }: Stack): (string | undefined)[] {
  return [json.provider?.keycloak ?? []].flat().map(({ alias }) => alias);
}

export function aliasOf({ json }: Stack, address: string): string | undefined {
  const [type = "", name = ""] = address.split(".");
  return /^keycloak\.(.+)$/.exec(String(json.resource?.[type]?.[name]?.provider ?? ""))?.[1];
}

/** Does this stack declare the server itself? */
function isMadeHere({ json }: Stack, alias: string | undefined): boolean {
  const url = [json.provider?.keycloak ?? []].flat().find((provider) => provider.alias === alias)?.url ?? "";
  const port = localPort(url);
  const ports = Object.values(json.resource?.docker_container ?? {}).flatMap((container) =>
    externalPorts(container.ports),
  );
  return port !== undefined && ports.includes(port);
}
