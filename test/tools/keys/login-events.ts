import type { KeyUse, Question } from "../../../tools/keys/live-use";

/**
 * What login events tell, in place of `tools/keys/live-use.ts`; nothing where a realm keeps none. How Keycloak is asked
 * for them is tested in live-use.test.ts.
 */
export const events: { uses?: KeyUse[]; silent?: string; fails?: boolean } = {};

export async function usesOf({ clientId }: Question): Promise<KeyUse[] | undefined> {
  if (events.fails) throw Object.assign(new Error("no answer"), { code: "keycloak-unreachable" });
  return clientId === events.silent ? undefined : events.uses;
}
