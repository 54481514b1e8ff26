import { type RealmDescription, realmsIn } from "../../constructs/contract/markers";
import { openConnections } from "../../machines/calling/connect-to";
import { loginsIn, tlsOf } from "../keycloak/login";
import type { Output } from "../output";
import type { Stack } from "../project/project";

/**
 * Compares the issuer of each realm with the one that Keycloak says. Where they differ, every machine that was told the
 * declared one refuses the realm's tokens, and its own assertions are refused. A realm of this project has its issuer
 * declared. The server decides that of a realm which exists. Nobody is told the one of `master`, where deployers are: Terraform asks
 * the server for it.
 */
export async function checkIssuers(stacks: readonly Stack[], out: Output): Promise<void> {
  const all = stacks.flatMap((stack) => realmsIn(stack.json).map((realm) => ({ realm, stack })));
  const realms = all.filter(({ realm }) => realm.realmName !== "master");
  const each = new Map(realms.map((one) => [JSON.stringify(one.realm), one])).values();
  const problems = await Promise.all([...each].map(({ realm, stack }) => checkIssuer(realm, stack)));
  for (const problem of problems) if (problem !== undefined) out.warn(problem);
}

async function checkIssuer(realm: RealmDescription, stack: Stack): Promise<string | undefined> {
  const login = loginsIn(stack).find(({ url }) => url === realm.url);
  const connections = openConnections("", { timeoutMs: 10_000, ...tlsOf(stack, login) });
  try {
    return await problemOf(realm, connections.fetch);
  } finally {
    await connections.close();
  }
}

type Fetch = ReturnType<typeof openConnections>["fetch"];

/** @see OpenID Connect Discovery 1.0 section 4 */
async function problemOf({ url, realmName, issuer }: RealmDescription, fetch: Fetch): Promise<string | undefined> {
  const address = `${url}/realms/${realmName}/.well-known/openid-configuration`;
  const said = await fetch(address)
    .then(async (response) =>
      response.ok ? ((await response.json()) as { issuer?: unknown }).issuer : response.status,
    )
    .catch((error: Error) => error);
  if (said === issuer) return undefined;
  if (typeof said !== "string") {
    const why = said instanceof Error ? said.message : typeof said === "number" ? `HTTP ${said}` : "no issuer in it";
    return `the issuer of realm ${realmName} was not checked: ${address} gave ${why}`;
  }
  return `Keycloak says that the issuer of realm ${realmName} is ${said}, but it is declared as ${issuer}; machines that were told the declared one are refused. Set \`issuerBase\` of the server to what is before /realms/ in Keycloak's answer, or the realm's frontend URL in Keycloak to the declared \`issuerBase\``;
}
