import { plainLine } from "../../network/plain-text";
import type { Change } from "./admin-events";
import type { Found, StackDrift } from "./find-drift";
import type { OtherChange } from "./realm-changes";

/** The most changes that are printed of one kind. */
const MOST = 20;

/** What was changed by hand, by whom, and what `m2m up` does about it. */
export function printDrift(stacks: readonly StackDrift[], others: readonly OtherChange[]): string {
  const found = stacks.flatMap((one) => one.found);
  const pending = stacks.reduce((sum, one) => sum + one.pending, 0);
  const lines = [
    ...(found.length === 0 ? ["nothing that is declared was changed by hand"] : found.flatMap(printFound)),
    ...printOthers(others),
    ...(pending === 0
      ? []
      : [
          "",
          `${pending} more ${pending === 1 ? "change is" : "changes are"} declared and not deployed; \`m2m diff\` shows them`,
        ]),
  ];
  return lines.map(plainLine).join("\n");
}

function printFound({ what, address, change, attributes, repair, by }: Found): string[] {
  const values = attributes.map(({ name, before, after }) =>
    before === undefined ? `  ${name}: changed (sensitive)` : `  ${name}: ${before} → ${after}`,
  );
  return [`${what} was ${change} (${address})`, ...values, ...printChanges(by), `  m2m up ${repair}`];
}

function printChanges(by: readonly Change[] | undefined): string[] {
  if (by === undefined) return ["  by whom is not known"];
  if (by.length === 0) return ["  by whom is not known: no event since the last deploy tells of it"];
  return by.slice(0, MOST).map((one) => `  ${whoInWords(one)}`);
}

function whoInWords({ time, who, client, from, asTerraform }: Change): string {
  const how = asTerraform ? `${client}, as Terraform signs in` : (HOW[client] ?? client);
  return `by ${who} (${how}) from ${from}, ${time.slice(0, 19)}Z`;
}

/** Keycloak's own clients, by what they are to a person. */
const HOW: Readonly<Record<string, string>> = {
  "security-admin-console": "admin console",
  "admin-cli": "admin-cli: kcadm.sh or a program",
};

function printOthers(others: readonly OtherChange[]): string[] {
  if (others.length === 0) return [];
  const lines = others.slice(0, MOST).map(({ realm, event, ...change }) => {
    const what = `${event.operationType} ${event.resourceType} ${event.resourcePath ?? ""}`.trim();
    return `  ${what} of realm ${realm}, ${whoInWords({ ...change, event })}`;
  });
  const rest = others.length > MOST ? [`  and ${others.length - MOST} more; --json has them`] : [];
  return ["", "since the last deploy, of what is not declared or is as declared again:", ...lines, ...rest];
}
