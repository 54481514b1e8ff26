import { createHash } from "node:crypto";
import { quoted, shown } from "../keys/shown";
import { check, checkSeconds, checkTokenLifespan } from "./checks";

/** What a realm can sign tokens with, for which keys can be declared (RFC 7518 section 3.1). */
export const SIGNATURE_ALGORITHMS = ["RS256", "PS256", "ES256"] as const;
export type RealmSignatureAlgorithm = (typeof SIGNATURE_ALGORITHMS)[number];

/** The props of a realm that are checked here: all but its server and name. */
interface RealmSettings {
  readonly accessTokenLifespanSeconds?: number;
  readonly signatureAlgorithm?: RealmSignatureAlgorithm;
  readonly loginEventsSeconds?: number;
  readonly adminEventsSeconds?: number;
  readonly defaultClientScopes?: readonly string[];
  readonly optionalClientScopes?: readonly string[];
}

export function checkRealmProps(props: RealmSettings): string[] {
  return [
    ...checkTokenLifespan(props.accessTokenLifespanSeconds ?? 300),
    ...checkSignature(props),
    ...checkEvents(props),
    ...checkClientScopes(props),
  ];
}

function checkSignature({ signatureAlgorithm }: RealmSettings): string[] {
  if (signatureAlgorithm === undefined) return [];
  const rule = `must be one of ${SIGNATURE_ALGORITHMS.join(", ")}`;
  return check("signatureAlgorithm", signatureAlgorithm, (one) => SIGNATURE_ALGORITHMS.includes(one), rule);
}

function checkEvents(props: RealmSettings): string[] {
  return (["loginEventsSeconds", "adminEventsSeconds"] as const).flatMap((name) => {
    const seconds = props[name];
    return seconds === undefined ? [] : checkSeconds(name, seconds, 31_536_000, 86_400);
  });
}

function checkClientScopes({ defaultClientScopes: defaults = [], optionalClientScopes: optional = [] }: RealmSettings) {
  const both = optional.filter((name) => defaults.includes(name));
  return [
    ...checkNames("defaultClientScopes", defaults),
    ...checkNames("optionalClientScopes", optional),
    ...(both.length === 0
      ? []
      : [
          `\`optionalClientScopes\` must not repeat default ones, got: ${shown(both.join(", "))} in both; leave them in one`,
        ]),
  ];
}

function checkNames(prop: string, names: readonly string[]): string[] {
  const wrong = names.filter((name, index) => name.trim() === "" || names.indexOf(name) !== index);
  if (wrong.length === 0) return [];
  return [`\`${prop}\` must hold names of client scopes, each once, got: ${quoted(names)}`];
}

/** The longest id that Keycloak's database takes. */
const LONGEST_ID = 36;

/**
 * The id behind a realm's name. The official provider would take the name, which fails if that is too long. A realm that
 * has another one keeps it: a change would make the realm anew.
 */
export function internalId(realmName: string) {
  if (realmName.length <= LONGEST_ID) return {};
  const hash = createHash("sha256").update(realmName).digest("hex");
  return { internalId: hash.slice(0, LONGEST_ID), lifecycle: { ignoreChanges: ["internal_id"] } };
}
