import { Construct } from "constructs";
import { RealmKeystoreEcdsaGenerated } from "../.gen/providers/keycloak/realm-keystore-ecdsa-generated";
import { RealmKeystoreRsaGenerated } from "../.gen/providers/keycloak/realm-keystore-rsa-generated";
import { quoted, shown } from "./keys/shown";
import { check, checkKnown, type Known } from "./private/checks";
import { claim } from "./private/claims";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { type RealmSignatureAlgorithm, SIGNATURE_ALGORITHMS } from "./private/realm-props";
import { dependables, type IRealm, realmOf } from "./realm";

/** What a realm's key is for at the moment. */
export type RealmKeyState = "prepared" | "active" | "retiring";

/** One of a realm's signing keys. */
export interface RealmKey {
  /**
   * Its name in Keycloak, and in its Terraform address: 1 to 63 letters, digits, dots, dashes or underscores, the first
   * a letter or digit. Another name is another key.
   */
  readonly name: string;
  /**
   * What it signs with. To change the algorithm, add a key of another name: under the same name the key would be lost, and
   * its tokens with it.
   *
   * @default "RS256"
   */
  readonly algorithm?: RealmSignatureAlgorithm;
  /**
   * - `prepared`: published, so that verifiers know it before it signs
   * - `active`: published, and signs; one of an algorithm
   * - `retiring`: published, signs no longer; tokens that it has signed are verified until it is taken out of the list
   */
  readonly state: RealmKeyState;
  /**
   * Bits of an RSA key, 2048 or 4096. To change the size, add a key of another name: Keycloak makes a key anew.
   *
   * @default 2048
   */
  readonly rsaBits?: number;
}

const KEY: Known<RealmKey> = { name: true, algorithm: true, state: true, rsaBits: true };

/** Properties of {@link RealmKeys}. */
export interface RealmKeysProps {
  readonly realm: IRealm;
  /** The keys. A key that leaves the list is removed from Keycloak, which then refuses the tokens that it has signed. */
  readonly keys: readonly RealmKey[];
}

const PROPS: Known<RealmKeysProps> = {
  realm: true,
  keys: true,
};

const STATES: readonly RealmKeyState[] = ["prepared", "active", "retiring"];

/** Above Keycloak's own generated keys, which have 100: of the active keys the one of the highest priority signs. */
const SIGNS = 200;
/** Below them: the JWKS lists keys by priority, and some verifiers take the first one. That one has to sign. */
const PUBLISHED = 50;

/**
 * A realm's own signing keys, which Keycloak makes and keeps. No part of them is in the JSON or the state. A key is first
 * prepared, then active, then retiring. Each step changes that key alone, in place.
 *
 * The key that came with the realm stays. It is published below an active one, and signs RS256 if no key for that is active.
 *
 * Emits one `keycloak_realm_keystore_rsa_generated` or `keycloak_realm_keystore_ecdsa_generated` for each key.
 *
 * @throws {ValidationError} for names, states, algorithms and sizes that cannot be; two active keys of one algorithm; no
 *   active one of an algorithm for which Keycloak would make a key up; a realm whose keys are declared twice
 * @see RFC 7517 section 5 (JWKS); Keycloak, Server administration guide, "Rotating keys"
 */
export class RealmKeys extends Construct {
  readonly realm: IRealm;

  constructor(scope: Construct, id: string, props: RealmKeysProps) {
    super(scope, id);
    holdOrder(this);
    const { realm, keys } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...keys.flatMap((key) => checkKnown(key, KEY)),
      ...keys.flatMap(checkKey),
      ...checkList(keys),
      ...checkActive(keys, realm),
    ]);
    failOn(this, this.checkRealm(realm));
    this.realm = realm;

    const active = keys.filter(({ state }) => state === "active");
    const declared = new Map(active.map((key) => [algorithmOf(key), this.declare(key)]));
    for (const key of keys) if (key.state !== "active") this.declare(key, declared.get(algorithmOf(key)));
  }

  /** The next key signs before the former one stops. In between Keycloak would make a key that nobody knows. */
  private declare(key: RealmKey, after?: Construct) {
    const shared = {
      provider: this.realm.keycloakProvider(this),
      realmId: this.realm.realmName,
      name: key.name,
      enabled: true,
      active: key.state === "active",
      priority: key.state === "active" ? SIGNS : PUBLISHED,
      dependsOn: dependables([...this.realm.dependencies(this), ...(after ? [after] : [])]),
    };
    const algorithm = algorithmOf(key);
    if (algorithm === "ES256") {
      return new RealmKeystoreEcdsaGenerated(this, key.name, { ...shared, ellipticCurveKey: "P-256" });
    }
    return new RealmKeystoreRsaGenerated(this, key.name, { ...shared, algorithm, keySize: key.rsaBits ?? 2048 });
  }

  /** The checks of a list hold for the realm only if there is one list. */
  private checkRealm({ server, realmName }: IRealm): string[] {
    const taken = claim(this, `${realmOf(server, realmName)} keys`);
    if (taken === undefined) return [];
    return [
      `\`realm\` must have its keys declared once, got: ${shown(realmName)}, whose keys ${taken} declares already; put all of them into one list`,
    ];
  }
}

function algorithmOf({ algorithm = "RS256" }: RealmKey): RealmSignatureAlgorithm {
  return algorithm;
}

const NAME_RULE = "must be 1 to 63 letters, digits, dots, dashes or underscores, the first a letter or digit";

function checkKey(key: RealmKey, index: number): string[] {
  const { name, state, rsaBits } = key;
  const prop = (of: string) => `keys[${index}].${of}`;
  const oneOf = (list: readonly string[]) => `must be one of ${list.join(", ")}`;
  return [
    ...check(prop("name"), name, (n) => /^[a-z0-9][\w.-]{0,62}$/i.test(n), NAME_RULE),
    ...check(prop("algorithm"), algorithmOf(key), (a) => SIGNATURE_ALGORITHMS.includes(a), oneOf(SIGNATURE_ALGORITHMS)),
    ...check(prop("state"), state, (s) => STATES.includes(s), oneOf(STATES)),
    ...(rsaBits === undefined ? [] : checkBits(prop("rsaBits"), rsaBits, algorithmOf(key))),
  ];
}

function checkBits(prop: string, bits: number, algorithm: RealmSignatureAlgorithm): string[] {
  if (algorithm === "ES256") {
    return [`\`${prop}\` must be left out beside ES256, whose keys have one size, got: ${shown(bits)}`];
  }
  return check(prop, bits, (b) => b === 2048 || b === 4096, "must be 2048 or 4096");
}

function checkList(keys: readonly RealmKey[]): string[] {
  if (keys.length === 0) {
    return ["`keys` must hold a key, got: none; leave RealmKeys out where Keycloak's own key is to sign"];
  }
  const names = keys.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) => `\`keys\` must have a name each, got: ${quoted(name)} more than once`);
}

/**
 * Each algorithm has one active key, so that it is certain which one signs. RS256 may have none, since a realm comes with
 * such a key. For any other algorithm Keycloak would make a key when it has to sign, and no verifier would know it.
 */
function checkActive(keys: readonly RealmKey[], { signatureAlgorithm = "RS256" }: IRealm): string[] {
  return SIGNATURE_ALGORITHMS.flatMap((algorithm) => {
    const own = keys.filter((key) => algorithmOf(key) === algorithm);
    const active = own.filter(({ state }) => state === "active").map(({ name }) => name);
    if (active.length > 1) {
      return [
        `\`keys\` must have at most one active key of ${algorithm}, got: ${shown(active.join(", "))}; let the new one be active, and the former one retiring`,
      ];
    }
    const isNeeded = algorithm !== "RS256" && (own.length > 0 || signatureAlgorithm === algorithm);
    if (active.length === 1 || !isNeeded) return [];
    return [
      `\`keys\` must have an active key of ${algorithm}, as Keycloak makes one up otherwise, got: none; leave one active until no token is signed with ${algorithm}`,
    ];
  });
}
