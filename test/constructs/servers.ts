import { TerraformStack } from "cdktf";
import { KeycloakServer, PrivateLocalBackend, Realm, SignedJwtClient } from "../../constructs";
import { fixedKey, newApp, newStack, synth } from "./project";

/** Synthesizes a server and a realm on it: a Keycloak provider without a realm would be unused. */
export function serverJson(props: ConstructorParameters<typeof KeycloakServer>[2] = {}, context = {}) {
  const stack = newStack("test", context);
  const server = new KeycloakServer(stack, "Keycloak", props);
  new Realm(stack, "Realm", { server, realmName: "r" });
  return { stack, server, json: synth(stack) };
}

/** A server in one stack, its realm with a client in another, as large installations part them. */
export function twoStacks() {
  const app = newApp();
  const platform = new TerraformStack(app, "platform");
  new PrivateLocalBackend(platform);
  const server = new KeycloakServer(platform, "Keycloak");

  const identities = new TerraformStack(app, "identities");
  new PrivateLocalBackend(identities);
  const realm = new Realm(identities, "Realm", { server, realmName: "r" });
  const signingKey = fixedKey(identities, "machine-a");
  const client = new SignedJwtClient(identities, "Machine", { realm, clientId: "orders", signingKey });
  return { app, platform, server, identities, realm, signingKey, client };
}
