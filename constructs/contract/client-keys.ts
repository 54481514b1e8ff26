import { X509Certificate } from "node:crypto";
import type { SigningAlgorithm } from "../keys/algorithms";
import { keyId } from "../keys/certificate";
import { commonNameOf } from "../keys/common-name";
import type { ResourceJson } from "./terraform-json";

/** The resource type of a client, in the synthesized JSON and in a state. */
export const CLIENT = "keycloak_openid_client";

/** A key that Keycloak accepts from a client. */
export interface AcceptedKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  /** `active` signs; `prepared` will, and `retiring` did. */
  readonly state: "prepared" | "active" | "retiring";
  /** The public key as a JWK (RFC 7517): its own members, `alg`, `kid` and `use`. */
  readonly publicJwk: Readonly<Record<string, string>>;
}

/** The public halves of a client's keys: all that Keycloak accepts, or where it fetches them. */
interface ClientKeys {
  readonly algorithm: SigningAlgorithm;
  readonly acceptedKeys: readonly AcceptedKey[];
  readonly jwksUri?: string;
  /** Of the active key, if it has a certificate. */
  readonly certificateBase64?: string;
  readonly notAfter?: Date;
}

/** A client's attributes in Keycloak's admin API, by which it knows the keys. */
type Attributes = Readonly<Record<string, string>>;

/** The attribute by which a client says what it signs with. */
export const PINNED_ALGORITHM = "token.endpoint.auth.signing.alg";
const CERTIFICATE = "jwt.credential.certificate";
const JWKS = "jwks.string";
const USE_JWKS = "use.jwks.string";
const USE_JWKS_URL = "use.jwks.url";
const JWKS_URL = "jwks.url";
const CERTIFICATE_BOUND = "tls.client.certificate.bound.access.tokens";
const DPOP_BOUND = "dpop.bound.access.tokens";

/**
 * The attributes that tell Keycloak a client's keys and their algorithm. Keycloak accepts nothing else.
 *
 * One RSA key is published as its certificate. A key of another kind, or several keys, are published as a JWKS, in which
 * each key says its own kind and algorithm. The certificate of the active key stays beside the JWKS, where Keycloak does
 * not read it: it tells which pair a client has, and no attribute has to go when the keys become one again. A key has the
 * same id in both forms, so that no call fails while one form replaces the other. The switches are pinned: a source of
 * keys that somebody sets by hand would win, and shows in the plan.
 *
 * The active key comes first in the JWKS. For an assertion without a `kid` Keycloak tries only the first key of its
 * algorithm.
 *
 * Keys that the machine publishes itself are fetched by Keycloak, which is then told nothing else of them.
 */
export function keyAttributes(keys: ClientKeys): Record<string, string> {
  const { acceptedKeys: accepted, certificateBase64, jwksUri } = keys;
  // While keys of two kinds are accepted, each key says its own.
  const isOneKind = accepted.every((one) => one.algorithm === keys.algorithm);
  const pinned = isOneKind && { [PINNED_ALGORITHM]: keys.algorithm };
  if (jwksUri) return { ...pinned, [USE_JWKS_URL]: "true", [JWKS_URL]: jwksUri, [USE_JWKS]: "false" };
  const isOne = accepted.length === 1 && accepted[0]!.publicJwk.kty === "RSA" && certificateBase64 !== undefined;
  const activeFirst = [...accepted].sort((one, two) => Number(isActive(two)) - Number(isActive(one)));
  return {
    ...pinned,
    ...(certificateBase64 !== undefined && { [CERTIFICATE]: certificateBase64 }),
    [USE_JWKS_URL]: "false",
    [USE_JWKS]: String(!isOne),
    ...(!isOne && { [JWKS]: JSON.stringify({ keys: activeFirst.map(({ publicJwk }) => publicJwk) }) }),
  };
}

function isActive({ state }: AcceptedKey): boolean {
  return state === "active";
}

/** How many keys beside the active one are named: with more, the description would be too long for Keycloak. */
const MOST_NAMED = 6;

/** A client's description, which names its keys to a reviewer of the diff. Keycloak takes 255 characters. */
export function keyDescription({ acceptedKeys, algorithm, jwksUri, notAfter }: ClientKeys): string {
  if (jwksUri) return `signs with ${algorithm}, keys at ${jwksUri}`.slice(0, 255);
  const others = acceptedKeys.filter((one) => !isActive(one)).map((one) => `${one.state}: ${one.kid.slice(0, 8)}`);
  const until = notAfter ? `, certificate until ${notAfter.toISOString().slice(0, 10)}` : "";
  const kid = acceptedKeys.find(isActive)?.kid.slice(0, 100);
  const more = others.length > MOST_NAMED ? [`${others.length - MOST_NAMED} more`] : [];
  const named = others.slice(-MOST_NAMED);
  return [`signs with ${algorithm}, key ${kid}${until}`, ...named, ...more].join("; ");
}

/** The active key of a client. */
export interface CertifiedKey {
  /** The name of the key pair, which is the certificate's CN. */
  readonly name: string;
  readonly kid: string;
}

/** The active key, by the certificate; `undefined` for a client that has none, or one that cannot be read. */
export function certifiedKey(client: ResourceJson): CertifiedKey | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(certificateIn(client) ?? "", "base64"));
    return { name: commonNameOf(certificate) ?? "", kid: keyId(certificate.publicKey) };
  } catch {
    return undefined; // Keycloak says better what is wrong with it
  }
}

/** The certificate of the active key, as one line of base64. */
export function certificateIn(client: ResourceJson): string | undefined {
  return attributesOf(client)[CERTIFICATE] || undefined;
}

/** The keys that Keycloak accepts from a client: those of its JWKS, or the one of its certificate. */
export function acceptedKids(client: ResourceJson): string[] {
  const attributes = attributesOf(client);
  if (attributes[USE_JWKS] === "true") return jwksIn(attributes).map(({ kid }) => kid);
  return [certifiedKey(client)?.kid ?? []].flat();
}

/** Where Keycloak fetches the keys of a client whose machine publishes them itself. */
export function keysAddress(client: ResourceJson): string | undefined {
  const attributes = attributesOf(client);
  return attributes[USE_JWKS_URL] === "true" ? attributes[JWKS_URL] : undefined;
}

/** Whether a client signs in with a JWT of its own (RFC 7523). */
export function signsIn({ client_authenticator_type }: ResourceJson): boolean {
  return client_authenticator_type === "client-jwt";
}

/** A key as a client's attributes tell of it. */
interface ToldKey {
  readonly kid: string;
  /** Absent where the description does not say. */
  readonly state?: AcceptedKey["state"];
}

/** All that a client's attributes tell of its keys. */
export interface ToldKeys {
  /** What it signs with: several while keys of two kinds are accepted. */
  readonly algorithms: readonly string[];
  /** Where Keycloak fetches the keys, which are then not told. */
  readonly jwksUri?: string;
  readonly keys: readonly ToldKey[];
  /** The day on which the certificate of the active key ends. */
  readonly until?: string;
}

/** The keys of a client in words of {@link keyDescription}: what is accepted by the attributes, the states by the description. */
export function toldKeys(client: ResourceJson): ToldKeys {
  const attributes = attributesOf(client);
  const { pinned, ofKey } = declaredAlgorithm(client);
  const algorithms = pinned ? [pinned] : [...new Set(Object.values(ofKey))];
  if (attributes[USE_JWKS_URL] === "true") return { algorithms, jwksUri: attributes[JWKS_URL] ?? "", keys: [] };
  const kids = acceptedKids(client);
  const told = [...String(client.description ?? "").matchAll(/; (prepared|retiring): ([\w-]{8})/g)];
  const others = new Map(told.map(([, state, start]) => [start!, state as AcceptedKey["state"]]));
  const active = kids.find((kid) => kid === certifiedKey(client)?.kid) ?? kids[0];
  const until = certificateEnd(client);
  return {
    algorithms,
    keys: kids.map((kid) => ({ kid, state: kid === active ? "active" : others.get(kid.slice(0, 8)) })),
    ...(until !== undefined && { until }),
  };
}

/** Whether one of a client's attributes tells of its keys alone. */
export function tellsOfKeys(attribute: string): boolean {
  return [CERTIFICATE, JWKS, USE_JWKS, USE_JWKS_URL, JWKS_URL, PINNED_ALGORITHM].includes(attribute);
}

/** Whether a description is one that {@link keyDescription} wrote. */
export function isKeyDescription(text: unknown): boolean {
  return typeof text === "string" && text.startsWith("signs with ");
}

function certificateEnd(client: ResourceJson): string | undefined {
  try {
    const { validTo } = new X509Certificate(Buffer.from(certificateIn(client) ?? "", "base64"));
    return new Date(validTo).toISOString().slice(0, 10);
  } catch {
    return undefined;
  }
}

/** What a client has to sign its assertions with. */
export interface DeclaredAlgorithm {
  /** With whichever of its keys; absent while keys of two kinds are accepted. */
  readonly pinned?: string;
  /** With each key of its JWKS. */
  readonly ofKey: Readonly<Record<string, string>>;
}

export function declaredAlgorithm(client: ResourceJson): DeclaredAlgorithm {
  const attributes = attributesOf(client);
  const ofKey = Object.fromEntries(jwksIn(attributes).flatMap(({ kid, alg }) => (alg ? [[kid, alg]] : [])));
  return { pinned: attributes[PINNED_ALGORITHM], ofKey };
}

/**
 * Whether a client's tokens are bound to the certificate of its connection (RFC 8705). Said in any case: left out it would
 * stay as it is in Keycloak.
 */
export function certificateBinding(isBound: boolean): Record<string, string> {
  return { [CERTIFICATE_BOUND]: String(isBound) };
}

export function isCertificateBound(client: ResourceJson): boolean {
  return attributesOf(client)[CERTIFICATE_BOUND] === "true";
}

/** Whether a client's tokens are bound to a key of the machine (DPoP). Left out it would stay as it is in Keycloak. */
export function dpopBinding(isBound: boolean) {
  return { requireDpopBoundTokens: isBound };
}

/** The attribute by which a client says that its tokens are bound. */
export function bindingAttribute(to: "dpop" | "certificate"): string {
  return to === "dpop" ? DPOP_BOUND : CERTIFICATE_BOUND;
}

export function isDpopBound({ require_dpop_bound_tokens }: ResourceJson): boolean {
  return require_dpop_bound_tokens === true;
}

function attributesOf({ extra_config }: ResourceJson): Attributes {
  return (extra_config ?? {}) as Attributes;
}

function jwksIn(attributes: Attributes): { readonly kid: string; readonly alg?: string }[] {
  try {
    const { keys } = JSON.parse(attributes[JWKS] ?? "");
    return Array.isArray(keys) ? keys : [];
  } catch {
    return []; // Keycloak cannot read it either
  }
}
