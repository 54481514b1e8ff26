import { TerraformStack } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import type { IKeycloakServer } from "../keycloak-server";
import { type IRealm, Realm } from "../realm";
import type { ISigningKey } from "../signing-key-pair";
import { claim } from "./claims";
import type { SignIn } from "./sign-in";

/** A server has one deployer, and leaves to this package how Terraform signs in. */
export function checkServer(scope: Construct, server: IKeycloakServer): string[] {
  if (!server._signIn) {
    return [
      "`server` must make its Keycloak provider itself, as this construct says how that signs in, got: one with a `provider` of your own; leave that out, or let it sign in by `jwt_signing_key` yourself",
    ];
  }
  const before = claim(scope, `${new URL(server.url).href} deployer`);
  if (before === undefined) return [];
  return [`\`server\` must have one deployer, got: a second beside ${before}; hand its realms to that one`];
}

export function checkRealms(scope: Construct, server: IKeycloakServer, realms: readonly IRealm[]): string[] {
  const names = realms.map(({ realmName }) => realmName);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const stack = TerraformStack.of(scope);
  const elsewhere = realms.filter((realm) => realm instanceof Realm && TerraformStack.of(realm) !== stack);
  return [
    ...(realms.length === 0 ? ["`realms` must name a realm, got: none; name those that Terraform manages"] : []),
    ...(twice.length > 0
      ? [`\`realms\` must name each realm once, got: ${twice.join(", ")} twice; leave one out`]
      : []),
    ...(names.includes("master")
      ? ["`realms` must not name master, whose clients and users it manages anyway, got: master; leave it out"]
      : []),
    ...realms
      .filter((realm) => realm.server !== server)
      .map(
        ({ issuer }) =>
          `\`realms\` must be on \`server\`, got: ${issuer}; leave it out, or give that server a deployer`,
      ),
    ...elsewhere.map(
      ({ realmName }) =>
        `\`realms\` must be declared in the stack of the deployer, which is destroyed last there, got: ${realmName} of another stack; declare the deployer beside it`,
    ),
  ];
}

/** A key that was made elsewhere has a private half that nobody here knows. */
export function checkKey(signingKey: ISigningKey): string[] {
  try {
    signingKey.privateKeyFile.toString(); // throws where it is not known
    return [];
  } catch {
    return [
      "`signingKey` must be a SigningKeyPair, as Terraform reads its key file, got: a certificate alone; make a pair, or put the key beside the certificate and use SigningKeyPair",
    ];
  }
}

/** What is declared in the server's stack would be destroyed after the deployer of another one. */
export function checkServerStack(scope: Construct, signIn: SignIn): string[] {
  const { container } = signIn.target;
  const serverStack = container && TerraformStack.of(container);
  if (!serverStack || serverStack === TerraformStack.of(scope) || !signIn.isUsedIn(serverStack)) return [];
  return [
    `\`server\` must have nothing declared on it in its own stack, which is destroyed after that of the deployer, got: something in stack ${serverStack.node.id}; declare that in the deployer's stack or behind it, or the deployer beside it`,
  ];
}

/** A realm that the deployer is not told of could be made, but not changed afterwards. */
export function checkForgottenRealms(scope: Construct, server: IKeycloakServer, realms: readonly IRealm[]): string[] {
  const declared = scope.node.root.node.findAll().filter((node: IConstruct) => node instanceof Realm);
  const forgotten = declared.filter((realm) => realm.server === server && !realms.includes(realm));
  return forgotten.map(
    ({ node, realmName }) =>
      `\`realms\` must name every realm declared on the server, got: none that is ${node.path} (${realmName}); add it`,
  );
}
