import { quoted, shown } from "../keys/shown";
import type { IRealm } from "../realm";
import { check, checkKnown, checkOrToken } from "./checks";

/** Keycloak makes these client scopes in every realm. */
const OF_KEYCLOAK = [
  "acr",
  "address",
  "basic",
  "email",
  "microprofile-jwt",
  "offline_access",
  "openid",
  "organization",
  "phone",
  "profile",
  "role_list",
  "roles",
  "saml_organization",
  "service_account",
  "web-origins",
];

/** An API that grants. */
interface Granting {
  readonly realm: IRealm;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** Checks an API's name in tokens. */
export function checkAudience(audience: string): string[] {
  if (audience === "") return ["`audience` must name the API in tokens, got: none; give one, or a `client`"];
  const rule = "must be 1 to 240 visible ASCII characters";
  return checkOrToken("audience", audience, (one) => /^[\x21-\x7e]{1,240}$/.test(one), rule);
}

/** Checks scopes that an API demands by RFC 6749 section 3.3. They may be any: those of Keycloak too. */
export function checkRequiredScopes(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const problems = checkScopeName("requiredScopes", name);
    const isTwice = problems.length === 0 && names.indexOf(name) !== index;
    return isTwice ? [`\`requiredScopes\` must name each scope once, got ${quoted(name)} twice`] : problems;
  });
}

/** Checks names of scopes by RFC 6749 section 3.3, and that Keycloak does not have them already. */
export function checkScopeNames(names: readonly string[]): string[] {
  return names.flatMap((name, index) => {
    const problems = checkScopeName("scopes", name);
    if (problems.length === 0 && (OF_KEYCLOAK.includes(name) || name.startsWith("audience-"))) {
      return [
        `\`scopes\` must not have names of other scopes, got: ${quoted(name)}; name it after the API, as in "orders:read"`,
      ];
    }
    if (names.indexOf(name) !== index) return [`\`scopes\` must name each scope once, got ${quoted(name)} twice`];
    return problems;
  });
}

function checkScopeName(prop: string, name: string): string[] {
  return check(
    prop,
    name,
    (one) => /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/.test(one),
    "must have names of 1 to 255 visible ASCII characters without quotes and backslashes (RFC 6749 section 3.3)",
  );
}

/** Checks a grant. */
export function checkApiGrant(
  { realm, audience, scopes }: Granting,
  caller: { readonly clientId: string; readonly realm: IRealm },
  names: readonly string[],
  options: object,
): string[] {
  const problems = checkKnown(options as { optional?: boolean }, { optional: true });
  for (const name of names.filter((one) => !scopes.includes(one))) {
    const known = scopes.length > 0 ? scopes.join(", ") : "none";
    problems.push(`\`scopes\` must be of the API ${shown(audience)}, which has ${known}, got: ${quoted(name)}`);
  }
  if (caller.realm.issuer !== realm.issuer) {
    problems.push(
      `\`caller\` must be in the same realm, as a token's audience and issuer belong together, got: ${caller.realm.issuer} calling into ${realm.issuer}`,
    );
  }
  if (caller.clientId === audience) {
    problems.push(
      `\`caller\` must be another client, got: ${shown(caller.clientId)} itself; a machine needs no token to call itself`,
    );
  }
  return problems;
}
