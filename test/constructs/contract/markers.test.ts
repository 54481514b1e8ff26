import { expect, it } from "vitest";
import { DeployerClient, KeycloakServer, Realm, SignedJwtClient, SigningKeyPair } from "../../../constructs";
import { isDeployer, type PairDescription, pairsIn } from "../../../constructs/contract/markers";
import { fixedKey, inTemporaryProject, newStack, synth } from "../project";

inTemporaryProject();

it("m2m reads the pairs that a synthesized stack declares", () => {
  const stack = newStack();
  const a = new SigningKeyPair(stack, "A", { name: "a", algorithm: "EdDSA", validityDays: 3 });
  const b = new SigningKeyPair(stack, "B", {
    name: "b",
    rsaBits: 2048,
    directory: "keys",
    privateKeyDirectory: "certs",
  });
  const described = (pair: SigningKeyPair, more: Partial<PairDescription>) => ({
    privateKeyDirectory: "certs",
    kids: [pair.kid],
    revoked: [],
    ...more,
  });
  const byName = pairsIn(synth(stack)).sort((one, two) => one.name.localeCompare(two.name));
  expect(byName).toEqual([
    described(a, { name: "a", directory: "certs", algorithm: "EdDSA", validityDays: 3 }),
    described(b, { name: "b", directory: "keys", algorithm: "RS256", validityDays: 365, rsaBits: 2048 }),
  ]);
});

it("m2m finds no pair in a stack that declares none, nor in one of another program", () => {
  expect(pairsIn(synth(newStack()))).toEqual([]);
  expect(pairsIn({})).toEqual([]);
});

it("m2m tells the deployer's client from the others", () => {
  const stack = newStack();
  const server = new KeycloakServer(stack, "Keycloak");
  const realm = new Realm(stack, "Realm", { server, realmName: "r" });
  new SignedJwtClient(stack, "A", { realm, clientId: "a", signingKey: fixedKey(stack, "machine-a") });
  new DeployerClient(stack, "Deployer", { server, realms: [realm], signingKey: fixedKey(stack, "machine-b") });
  const clients = Object.values(synth(stack).resource.keycloak_openid_client!);
  expect(clients.filter(isDeployer).map(({ client_id }) => client_id)).toEqual(["terraform"]);
});
