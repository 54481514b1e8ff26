import { mkdirSync, writeFileSync } from "node:fs";
import type { TerraformStack } from "cdktf";
import { describe, expect, it } from "vitest";
import {
  CertificateAuthority,
  DeployerClient,
  type GrantOptions,
  type IPublicKeys,
  KeycloakServer,
  Realm,
  RealmKeys,
  type RealmSignatureAlgorithm,
  SignedJwtClient,
  type SigningAlgorithm,
  SigningKeyPair,
  TlsCertificate,
} from "../../constructs";
import { EMBEDDED_KEYCLOAK } from "../../constructs/contract/sources";
import { SIGNING_ALGORITHMS } from "../../constructs/keys/algorithms";
import { validate } from "../../provider/engine/validate";
import { type ObjectValue, UNKNOWN, type Value } from "../../provider/protocol/values";
import { resources } from "../../provider/resources";
// The schema of keycloak/keycloak 5.9.0. `validate` is held to what that provider refuses.
import official from "../fixtures/provider/official-schema.json";
import { ecPair } from "../generated-key";
import {
  captureNotices,
  fixedKey,
  inTemporaryProject,
  messageOf,
  newStack,
  type SynthesizedStack,
  synth,
} from "./project";

inTemporaryProject();

type Json = ReturnType<typeof JSON.parse>;

/** What stands beside the arguments in a resource's JSON. */
const META = ["provider", "depends_on", "lifecycle", "//"];

/** A configuration as the provider gets it: references are not known yet. */
function configOf(type: string, json: Json): ObjectValue {
  const { attributes, block_types = {} } = (official.resource_schemas as Json)[type].block;
  const known = (value: Value): Value =>
    typeof value === "string" && value.includes("${") ? UNKNOWN : Array.isArray(value) ? value.map(known) : value;
  const values = Object.entries(json as ObjectValue).map(([name, value]) => [name, known(value)]);
  const nothing = [
    ...Object.keys(attributes).map((name) => [name, null]),
    ...Object.keys(block_types).map((name) => [name, []]),
  ];
  return {
    ...Object.fromEntries(nothing),
    ...Object.fromEntries(values.filter(([name]) => !META.includes(name as string))),
  };
}

/** What the official provider refuses at the apply, as its code of 5.9.0 has it. */
const AT_APPLY: { [rule: string]: (type: string, config: ObjectValue) => boolean } = {
  "a realm's internal id, or name without one, has at most 36 characters": (type, { realm, internal_id }) =>
    type === "keycloak_realm" && String(internal_id ?? realm).length > 36,
  "redirect addresses need a flow": (type, { valid_redirect_uris, standard_flow_enabled, implicit_flow_enabled }) =>
    type === "keycloak_openid_client" && !!valid_redirect_uris && !standard_flow_enabled && !implicit_flow_enabled,
  "events without listeners take Keycloak's own away": (type, { events_listeners }) =>
    type === "keycloak_realm_events" && !events_listeners,
};

/** Everything in a stack that the official provider would refuse, and why. */
function refusals({ resource, provider }: SynthesizedStack): string[] {
  const found = Object.entries(resource)
    .filter(([type]) => type.startsWith("keycloak_"))
    .flatMap(([type, all]) =>
      Object.entries(all).flatMap(([name, json]) => {
        const block = (official.resource_schemas as Json)[type]?.block;
        if (!block) return [`${type} is not a resource`];
        const config = configOf(type, json);
        const members = { ...block.attributes, ...block.block_types };
        const unknown = Object.keys(config).filter(
          (one) => !members[one] || (members[one].computed && !members[one].optional && config[one] !== null),
        );
        const missing = Object.keys(block.attributes).filter(
          (one) => block.attributes[one].required && (config[one] ?? null) === null,
        );
        const table = resources.find((one) => one.name === type)!;
        const invalid = validate(table, config, true).map(({ summary }) => summary);
        const refused = Object.entries(AT_APPLY).flatMap(([rule, breaks]) => (breaks(type, config) ? rule : []));
        return [...unknown, ...missing, ...invalid, ...refused].map((what) => `${type}.${name}: ${what}`);
      }),
    );
  const algorithms = (provider.keycloak ?? []).flatMap(({ jwt_signing_alg = [] }) => jwt_signing_alg as string);
  return [
    ...found,
    ...algorithms.filter((one) => one.startsWith("PS")).map((one) => `provider: cannot sign by ${one}`),
  ];
}

/** Declares one thing of each kind, with the options that are given. */
interface Options {
  realm?: object;
  client?: object;
  keys?: RealmSignatureAlgorithm;
  deployer?: boolean;
  /** What the caller signs with. */
  key?: (stack: TerraformStack) => IPublicKeys;
  grant?: GrantOptions;
}

function declared({
  realm: realmOptions,
  client: clientOptions,
  keys,
  deployer,
  key,
  grant,
}: Options): SynthesizedStack {
  const stack = newStack();
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r", ...realmOptions });
  const b = new SignedJwtClient(stack, "B", { realm, clientId: "b", signingKey: fixedKey(stack, "machine-b") });
  const a = new SignedJwtClient(stack, "A", {
    ...{ realm, clientId: "a", signingKey: key?.(stack) ?? fixedKey(stack, "machine-a") },
    ...clientOptions,
  });
  b.grantCall(a, grant);
  if (keys) new RealmKeys(stack, "Keys", { realm, keys: [{ name: "k", algorithm: keys, state: "active" }] });
  if (deployer) new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: pairFor(stack, "ES256") });
  return synth(stack);
}

function publicKeys(): string {
  const keys = [ecPair(), ecPair()].map(({ publicKey }) => publicKey.export({ format: "jwk" }));
  writeFileSync("set.json", JSON.stringify({ keys }));
  return "set.json";
}

const pairFor = (stack: TerraformStack, algorithm: SigningAlgorithm) =>
  new SigningKeyPair(stack, "DeployerKey", { name: "terraform", algorithm });

describe("what the constructs emit is accepted by the official provider", () => {
  it("with mutual TLS, and tokens that are bound to a certificate", () => {
    captureNotices();
    const stack = newStack();
    const authority = new CertificateAuthority(stack, "Ca", { name: "ca" });
    const server = new KeycloakServer(stack, "Keycloak", { tls: { authority }, clientCertificates: "required" });
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    const boundTo = new TlsCertificate(stack, "Tls", { authority, name: "a", usage: "client" });
    new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a"), boundTo });
    expect(refusals(synth(stack))).toEqual([]);
  });

  it.each<[string, Options]>([
    ["with defaults", {}],
    ["with a realm's token lifespan", { realm: { accessTokenLifespanSeconds: 60 } }],
    ["with a realm's signature algorithm", { realm: { signatureAlgorithm: "ES256" } }],
    ["with login events", { realm: { loginEventsSeconds: 60 } }],
    ["with admin events", { realm: { adminEventsSeconds: 60 } }],
    ["with a realm's scopes", { realm: { defaultClientScopes: ["basic"], optionalClientScopes: ["email"] } }],
    ["with empty lists of scopes", { realm: { defaultClientScopes: [], optionalClientScopes: [] } }],
    ["with the longest name of a realm", { realm: { realmName: "r".repeat(255) } }],
    ["with a client's scopes", { client: { defaultScopes: ["basic"], optionalScopes: ["email"] } }],
    [
      "with the scopes of the realm",
      { client: { scopesOfRealm: true }, realm: { defaultClientScopes: ["basic"], optionalClientScopes: [] } },
    ],
    ["with a client's token lifespan", { client: { accessTokenLifespanSeconds: 60 } }],
    ["with a client's claims", { client: { claims: { team: "blue", level: 3, trusted: true } } }],
    ["with tokens that are bound to a key", { client: { boundTo: "dpop" } }],
    ["with roles", { grant: { roles: ["reader", "writer"] } }],
    ["with public keys alone", { key: (stack) => SigningKeyPair.fromPublicKeyFile(stack, "Set", publicKeys()) }],
    [
      "with keys at an address",
      { key: (stack) => SigningKeyPair.fromJwksUri(stack, "Uri", "https://a.example/jwks", { algorithm: "PS256" }) },
    ],
    ["with realm keys for RS256", { keys: "RS256" }],
    ["with realm keys for PS256", { keys: "PS256" }],
    ["with realm keys for ES256", { keys: "ES256" }],
    ["with a deployer", { deployer: true }],
  ])("%s", (_, options) => {
    expect(refusals(declared(options))).toEqual([]);
  });
});

describe("a deployer's key", () => {
  const declare = (algorithm: SigningAlgorithm) => {
    const stack = newStack();
    const server = new KeycloakServer(stack, "Keycloak");
    const realm = new Realm(stack, "Realm", { server, realmName: "r" });
    new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: pairFor(stack, algorithm) });
    return synth(stack);
  };

  it.each(SIGNING_ALGORITHMS)(
    "for %s signs in with the official provider, or is refused at the synthesis",
    (algorithm) => {
      if (!algorithm.startsWith("PS")) return expect(refusals(declare(algorithm))).toEqual([]);
      return expect(messageOf(() => declare(algorithm))).toContain(
        `[test/Deployer] \`signingKey\` must not be for RSA-PSS, by which the official Keycloak provider cannot sign in, got: ${algorithm}; `,
      );
    },
  );

  it("for PS256 signs in with the embedded provider", () => {
    mkdirSync(".m2m");
    writeFileSync(".m2m/sources.json", JSON.stringify({ keycloakProvider: EMBEDDED_KEYCLOAK.source }));
    expect(declare("PS256").provider.keycloak![0]).toMatchObject({ jwt_signing_alg: "PS256" });
  });
});
