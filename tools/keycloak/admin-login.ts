import { resolve } from "node:path";
import { type Credential, givenByEnvironment } from "../../constructs/contract/first-administrator";
import { fileIn, variableIn } from "../../constructs/contract/terraform-text";
import type { SigningAlgorithm } from "../../constructs/keys/algorithms";
import type { Fetch } from "../../machines/calling/connect-to";
import { openIssuer } from "../../machines/calling/open-issuer";
import { requestToken } from "../../machines/calling/request-token";
import { loadSigningKey } from "../../machines/signing/signing-key";
import { ToolError } from "../output";
import type { Stack } from "../project/project";
import { type Login, tlsOf } from "./login";

/** A Keycloak's admin API: its address, and an access token for it. */
export interface Admin {
  readonly url: string;
  readonly token: string;
}

/**
 * Signs in as Terraform does: by the deployer's key where there is one and no password is given, else as the administrator.
 *
 * @throws {ToolError} `keycloak-unreachable`; a `MachineError` of a sign-in by the key
 */
export async function signIn(stack: Stack, login: Login, fetch: Fetch): Promise<Admin> {
  const { url } = login;
  if (url === undefined) throw refused(`stack ${stack.name} names no address of Keycloak`);
  const keyFile = fileIn(login.jwt_signing_key ?? "");
  const token = keyFile
    ? await byKey(stack, login, resolve(stack.folder, keyFile))
    : await byPassword(stack, login, fetch);
  return { url, token };
}

export function refused(message: string, cause?: unknown): ToolError {
  return new ToolError("keycloak-unreachable", message, { cause });
}

async function byKey(stack: Stack, login: Login, keyFile: string): Promise<string> {
  const { url, client_id: clientId = "", jwt_signing_alg } = login;
  const allowInsecureHttp = url?.startsWith("http:");
  const issuer = openIssuer({ issuer: `${url}/realms/master`, allowInsecureHttp, ...tlsOf(stack, login) });
  try {
    const signingKey = loadSigningKey(keyFile, { algorithm: jwt_signing_alg as SigningAlgorithm });
    return (await requestToken(issuer, { clientId, signingKey })).accessToken;
  } finally {
    await issuer.close();
  }
}

async function byPassword(stack: Stack, login: Login, fetch: Fetch): Promise<string> {
  const { url } = login;
  const password = credential(stack, "password", login.password);
  if (password === undefined) throw refused(`no administrator's password for ${url}; give it in KEYCLOAK_PASSWORD`);
  const username = credential(stack, "username", login.username);
  if (username === undefined) throw refused(`no administrator's name for ${url}; give it in KEYCLOAK_USER`);
  const body = new URLSearchParams({
    grant_type: "password",
    client_id: "admin-cli",
    username,
    password,
  });
  const address = `${url}/realms/master/protocol/openid-connect/token`;
  const answer = await fetch(address, { method: "POST", body }).catch((cause: Error) => {
    throw refused(cause.message, cause);
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    const { status } = answer;
    const why =
      status >= 500
        ? `answers with HTTP ${status}, so it cannot serve now, most often because its database does not answer; \`m2m logs\` has the reason`
        : `refused the administrator (HTTP ${status}); give the password in KEYCLOAK_PASSWORD`;
    throw refused(`${url} ${why}`);
  }
  return ((await answer.json()) as { access_token: string }).access_token;
}

/** What Terraform would take: the variable that this very server's provider names, or what providers read by themselves. */
function credential({ json }: Stack, what: Credential, argument = ""): string | undefined {
  const variable = variableIn(argument);
  const fallback = variable === undefined ? undefined : json.variable?.[variable]?.default;
  return givenByEnvironment(what, variable)?.value ?? fallback ?? undefined;
}
