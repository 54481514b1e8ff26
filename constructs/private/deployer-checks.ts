import { Annotations, TerraformStack } from "cdktf";
import type { Construct, IConstruct } from "constructs";
import { keycloakProviderSource, OFFICIAL_KEYCLOAK, officialProviderSignsInBy } from "../contract/sources";
import type { SigningAlgorithm } from "../keys/algorithms";
import { shown } from "../keys/shown";
import { type IRealm, isDeclaredRealm } from "../realm";
import type { IKeycloakServer } from "../server";
import type { ISigningKey } from "../signing-key";
import { claim } from "./claims";
import type { SignIn } from "./sign-in";
import { sourcesOf } from "./tests";

/** A server has one deployer, and leaves to this package how Terraform signs in. */
export function checkServer(scope: Construct, server: IKeycloakServer): string[] {
  if (!server._signIn) {
    return [
      "`server` must make its Keycloak provider itself, because a DeployerClient decides how that provider signs in, got: a server with a `provider` of yours; leave `provider` out, or give your provider a `jwt_signing_key` and use no DeployerClient",
    ];
  }
  const before = claim(scope, `${new URL(server.url).href} deployer`);
  if (before === undefined) return [];
  return [`\`server\` must have one deployer, got: a second one beside ${before}; add its realms to that one`];
}

export function checkRealms(scope: Construct, server: IKeycloakServer, realms: readonly IRealm[]): string[] {
  const names = realms.map(({ realmName }) => realmName);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const stack = TerraformStack.of(scope);
  const elsewhere = realms.filter((realm) => isDeclaredRealm(realm) && TerraformStack.of(realm._resource) !== stack);
  return [
    ...(realms.length === 0
      ? ["`realms` must name at least one realm, got: none; name the realms that Terraform manages"]
      : []),
    ...(twice.length > 0
      ? [`\`realms\` must name each realm once, got: ${shown(twice.join(", "))} twice; remove one`]
      : []),
    ...(names.includes("master")
      ? [
          "`realms` must not name master, whose clients and users a deployer manages in any case, got: master; remove it",
        ]
      : []),
    ...realms
      .filter((realm) => realm.server !== server)
      .map(
        ({ issuer }) =>
          `\`realms\` must be realms of \`server\`, got: ${issuer}; remove it, or give its own server a deployer`,
      ),
    ...elsewhere.map(
      ({ realmName }) =>
        `\`realms\` must be declared in the deployer's stack, because that stack is destroyed last, got: ${shown(realmName)} of another stack; declare the deployer in the realm's stack`,
    ),
  ];
}

/** The official provider signs in by RSA-PSS with no key: after the first deploy, Terraform would be locked out. */
export function checkSignInAlgorithm(scope: IConstruct, algorithm: SigningAlgorithm): string[] {
  const isOfficial = keycloakProviderSource(sourcesOf(scope)).source === OFFICIAL_KEYCLOAK.source;
  if (!isOfficial || officialProviderSignsInBy(algorithm)) return [];
  return [
    `\`signingKey\` must not be for RSA-PSS, by which the official Keycloak provider cannot sign in, got: ${algorithm}; give the pair another \`algorithm\`, such as ES256, or use the embedded provider (\`m2m provider embedded\`)`,
  ];
}

/** Terraform would fail with a message of its own. */
export function warnOfMissingKey(scope: IConstruct, clientId: string, file: string, otherwise = ""): void {
  Annotations.of(scope).addWarning(
    `Terraform signs in as ${clientId} with ${file}, which is not here; put the key file there${otherwise}`,
  );
}

/** The private half of an imported certificate is not known here. */
export function checkKey(signingKey: ISigningKey): string[] {
  try {
    signingKey.privateKeyFile.toString(); // throws where it is not known
    return [];
  } catch {
    return [
      "`signingKey` must be a SigningKeyPair, because Terraform reads its key file, got: a certificate alone; make a pair, or put the key file beside the certificate and use SigningKeyPair",
    ];
  }
}

/** Whatever is declared in the server's stack would be destroyed after a deployer of another stack. */
export function checkServerStack(scope: Construct, signIn: SignIn): string[] {
  const { resource } = signIn.target;
  const serverStack = resource && TerraformStack.of(resource);
  if (!serverStack || serverStack === TerraformStack.of(scope) || !signIn.isUsedIn(serverStack)) return [];
  return [
    `\`server\` must have nothing declared on it in its own stack, because that stack is destroyed after the deployer's, got: something in stack ${serverStack.node.id}; move it to the deployer's stack or to one behind it, or move the deployer to ${serverStack.node.id}`,
  ];
}

/** The deployer could make a realm that it is not told of, but could not change it afterwards. */
export function checkForgottenRealms(scope: Construct, server: IKeycloakServer, realms: readonly IRealm[]): string[] {
  const declared = scope.node.root.node.findAll().filter(isDeclaredRealm);
  const forgotten = declared.filter((realm) => realm.server === server && !realms.includes(realm));
  return forgotten.map(
    ({ node, realmName }) =>
      `\`realms\` must name every realm declared on the server, missing: ${node.path} (${realmName})`,
  );
}
