import type { DeclaredMachine } from "./declared";
import { about, BY_HAND, type Difference, type Kind, UP_GIVES } from "./difference";
import type { LiveClient, LiveRealm } from "./live";
import { type Role, roleText } from "./model";

/** A role of a machine is two things in Keycloak: the service account has it, and it is in the client's scope. */
export function roleDifferences(machine: DeclaredMachine, live: LiveClient, { knowsRoles }: LiveRealm): Difference[] {
  if (!knowsRoles || !live.isMachine) return [];
  const { clientId: id } = machine;
  const [wanted, had, wantedIn, letIn] = [machine.roles, live.roles, machine.scopeRoles, live.scopeRoles].map(textsOf);
  const differ = (one: Set<string>, other: Set<string>) => [...one].filter((role) => !other.has(role));
  const all = (kind: Kind, names: readonly string[], text: (role: string) => string) =>
    names.map((role) => about(kind, id, text(role), { role }));
  const added = differ(had!, wanted!);
  return [
    ...all(
      "role-missing",
      differ(wanted!, had!),
      (role) => `${id} lacks the role ${role} (taken by hand, or not deployed yet): ${UP_GIVES}`,
    ),
    ...all("role-added", added, (role) => `${id} has the role ${role}, which is not declared: ${BY_HAND}`),
    ...all(
      "role-not-in-tokens",
      differ(wantedIn!, letIn!),
      (role) => `the role ${role} is not let into the tokens of ${id}: ${UP_GIVES}`,
    ),
    ...all(
      "role-let-in",
      differ(letIn!, wantedIn!).filter((role) => !added.includes(role)),
      (role) => `the tokens of ${id} would carry the role ${role} if it got it, which is not declared: ${BY_HAND}`,
    ),
  ];
}

function textsOf(list: readonly Role[]): Set<string> {
  return new Set(list.map(roleText));
}
