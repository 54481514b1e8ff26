import { destructions, type ResourceChange, type SavedPlan } from "../engines/saved-plan";
import { type Ask, withAdminApi } from "../keycloak/admin-api";
import { ToolError } from "../output";
import type { Stack } from "../project/project";

const SCOPE = "keycloak_openid_client_scope";
const AUDIENCE_SCOPE = /^audience-(.+)$/;

/**
 * Refuses a plan of which Keycloak tells already that it would fail half-way: after something was destroyed.
 *
 * @throws {ToolError} `plan-would-fail`
 */
export async function refuseKnownToFail(stack: Stack, plan: SavedPlan): Promise<void> {
  const made = madeBy(plan);
  const aliases = new Map<string | undefined, ResourceChange[]>();
  for (const change of made) {
    const alias = aliasOf(stack, change);
    aliases.set(alias, [...(aliases.get(alias) ?? []), change]);
  }
  const problems: string[] = [];
  for (const [alias, changes] of aliases) {
    try {
      problems.push(...(await withAdminApi(stack, alias, (ask) => problemsOf(changes, plan, ask))));
    } catch (error) {
      // Where Keycloak cannot be asked nothing is known. Terraform says what it meets.
      if (!(error instanceof ToolError)) throw error;
    }
  }
  if (problems.length === 0) return;
  const text = [...new Set(problems)].join("\n  ");
  throw new ToolError(
    "plan-would-fail",
    `nothing was changed, because the apply of stack ${stack.name} would fail after it has destroyed something:\n  ${text}`,
  );
}

/** What a plan creates or changes in Keycloak. */
function madeBy({ resource_changes = [] }: SavedPlan): ResourceChange[] {
  const isMade = ({ actions }: ResourceChange["change"]) => actions.includes("create") || actions.includes("update");
  return resource_changes.filter(
    ({ mode, type, change }) => mode === "managed" && type.startsWith("keycloak_") && isMade(change),
  );
}

function aliasOf({ json }: Stack, { type, name }: ResourceChange): string | undefined {
  return /^keycloak\.(.+)$/.exec(String(json.resource?.[type]?.[name]?.provider ?? ""))?.[1];
}

async function problemsOf(changes: readonly ResourceChange[], plan: SavedPlan, ask: Ask): Promise<string[]> {
  const found = await Promise.all(changes.map((change) => problemsOfOne(change, plan, ask)));
  return found.flat();
}

async function problemsOfOne({ address, change }: ResourceChange, plan: SavedPlan, ask: Ask): Promise<string[]> {
  const { realm_id: realm, included_client_audience: audience, ...after } = change.after ?? {};
  if (typeof realm !== "string" || makes(plan, "keycloak_realm", { realm })) return [];
  if ((await ask(realm)).status === 404) return [`realm ${realm} does not exist; correct its name (${address})`];
  const missing = await missingScopes(realm, [after.default_scopes, after.optional_scopes].flat(), plan, ask);
  return [
    ...missing.map((scope) => `client scope ${scope} of realm ${realm} does not exist${remedyFor(scope)} (${address})`),
    ...((await isClientMissing(realm, audience, plan, ask))
      ? [`client ${audience} of realm ${realm}, an audience, does not exist (${address})`]
      : []),
  ];
}

function remedyFor(scope: string): string {
  const [, client] = AUDIENCE_SCOPE.exec(scope) ?? [];
  return client === undefined
    ? ""
    : `: no call is granted where client ${client} is declared, or there is no such client`;
}

async function missingScopes(realm: string, wanted: unknown[], plan: SavedPlan, ask: Ask): Promise<string[]> {
  const names = wanted.filter((name) => typeof name === "string");
  if (names.length === 0) return [];
  const { body } = await ask(realm, "client-scopes");
  if (!Array.isArray(body)) return [];
  const gone = destructions(plan).filter(({ type, change }) => type === SCOPE && change.before?.realm_id === realm);
  const there = body.map(({ name }) => name).filter((name) => !gone.some(({ change }) => change.before?.name === name));
  return names.filter((name) => !there.includes(name) && !makes(plan, SCOPE, { realm_id: realm, name }));
}

async function isClientMissing(realm: string, clientId: unknown, plan: SavedPlan, ask: Ask): Promise<boolean> {
  if (typeof clientId !== "string" || clientId === "") return false;
  if (makes(plan, "keycloak_openid_client", { realm_id: realm, client_id: clientId })) return false;
  const { body } = await ask(realm, "clients", `?${new URLSearchParams({ clientId })}`);
  return Array.isArray(body) && body.length === 0;
}

/** Does a plan create, or leave under a new name, an object with these attributes? */
function makes(plan: SavedPlan, type: string, wanted: Readonly<Record<string, string>>): boolean {
  return madeBy(plan).some(
    (made) =>
      made.type === type && Object.entries(wanted).every(([name, value]) => made.change.after?.[name] === value),
  );
}
