import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Annotations, Aspects, type TerraformResource, TerraformStack } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { OpenidClient } from "../.gen/providers/keycloak/openid-client";
import { projectFolder } from "./contract/project-files";
import { literal } from "./contract/terraform-text";
import { type IKeycloakServer, KeycloakServer } from "./keycloak-server";
import { AdminProvider } from "./private/admin-provider";
import { claim } from "./private/claims";
import { AfterRights } from "./private/deployer-order";
import { DeployerRights } from "./private/deployer-rights";
import { failOn } from "./private/errors";
import { isNotDeployed } from "./private/first-deploy";
import { signingClient } from "./private/signing-client";
import { dependables, type IRealm, Realm } from "./realm";
import { checkClientId } from "./signed-jwt-client";
import type { ISigningKey } from "./signing-key-pair";

/** Longer than Keycloak's minute: at the end of a destroy the rights in the token are all that is left. */
const TOKEN_SECONDS = 600;

/** Properties of a {@link DeployerClient}. */
export interface DeployerClientProps {
  /** The server that Terraform signs in to. */
  readonly server: IKeycloakServer;
  /** The realms that it manages: all that are declared on the server, and those that exist where clients are declared. */
  readonly realms: readonly IRealm[];
  /** What it signs with: a pair of its own, whose private half Terraform reads. */
  readonly signingKey: ISigningKey;
  /**
   * The client id in realm `master`, which is also `iss` and `sub` of its assertions.
   *
   * @default "terraform"
   */
  readonly clientId?: string;
}

/**
 * The client in realm `master` as which Terraform itself signs in, by a signed JWT (RFC 7523) in place of the
 * administrator's password.
 *
 * The first deploy signs in by the password and makes the client; from then on no password is needed, and none is kept.
 * It is decided at synthesis: where a password is given (`KEYCLOAK_PASSWORD`, or `TF_VAR_keycloak_admin_password`), it is
 * used, and else the key. There is no default password beside it. `m2m up` makes one for the first deploy by itself.
 *
 * Its rights are those that the constructs of this package need. Whoever holds its key can give it any right of any
 * realm, as it manages the users of `master` to manage its own rights: keep the key as you would the administrator's
 * password.
 */
export class DeployerClient extends Construct {
  readonly server: IKeycloakServer;
  readonly clientId: string;
  readonly signingKey: ISigningKey;

  private readonly realms: readonly IRealm[];
  private readonly resource: OpenidClient;

  constructor(scope: Construct, id: string, props: DeployerClientProps) {
    super(scope, id);
    const { server, realms, signingKey, clientId = "terraform" } = props;
    failOn(this, [
      ...checkClientId(clientId),
      ...checkServer(this, server),
      ...checkRealms(this, server, realms),
      ...checkKey(signingKey),
    ]);
    this.server = server;
    this.clientId = clientId;
    this.signingKey = signingKey;
    this.realms = realms;
    Realm.fromRealmName(this, "Master", { server, realmName: "master" }).claimClientId(this, clientId);

    const admin = AdminProvider.ofServer(server)!;
    const { algorithm, privateKeyFile: keyFile } = signingKey;
    const serverStack = server instanceof KeycloakServer ? TerraformStack.of(server) : undefined;
    admin.delegate({ clientId: literal(clientId), algorithm, keyFile, stack: TerraformStack.of(this), serverStack });
    const provider = server.keycloakProvider(this);
    this.resource = new OpenidClient(this, "Resource", {
      provider,
      realmId: "master",
      ...signingClient(clientId, signingKey),
      // Nobody else ever signs in by it, so its tokens carry the roles of its own service account and no more. Listed
      // one by one they would lack those of a realm that it has just made.
      fullScopeAllowed: true,
      accessTokenLifespan: String(TOKEN_SECONDS),
      dependsOn: dependables(server.dependencies(this)),
    });
    // For m2m, which makes a password for the deploy that makes this client.
    this.resource.addOverride("//.deployer", true);
    const rights = new DeployerRights(this, provider, this.resource, realms);
    Aspects.of(TerraformStack.of(this)).add(new AfterRights(this, this.resource.provider, rights));
    Aspects.of(this).add({ visit: (node) => node === this && admin.signsInByKey && this.checkSignIn() });
    if (server instanceof KeycloakServer) this.checkServerOfAnotherStack(server, admin);
    this.node.addValidation({
      validate: () => [...this.forgottenRealms(), ...checkServerStack(this, serverStack, admin)],
    });
  }

  /** What can be known of a sign-in by the key before Terraform tries. */
  private checkSignIn(): void {
    if (isNotDeployed(this.resource)) failPlan(this.resource, this.clientId);
    const { privateKeyFile } = this.signingKey;
    if (existsSync(resolve(projectFolder(), privateKeyFile))) return;
    Annotations.of(this).addWarning(
      `Terraform signs in as ${this.clientId} with ${privateKeyFile}, which is not here; put the key there, or set KEYCLOAK_PASSWORD`,
    );
  }

  /** Else it would be made without an administrator, before this one's stack tells that a password is missing. */
  private checkServerOfAnotherStack({ container }: KeycloakServer, admin: AdminProvider): void {
    if (TerraformStack.of(container) === TerraformStack.of(this)) return;
    const isFirst = () => admin.signsInByKey && isNotDeployed(container) && isNotDeployed(this.resource);
    Aspects.of(container).add({
      visit: (node) => node === container && isFirst() && failPlan(container, this.clientId),
    });
  }

  /** A realm without it could be made, and not be changed afterwards. */
  private forgottenRealms(): string[] {
    const declared = this.node.root.node.findAll().filter((node: IConstruct) => node instanceof Realm);
    const forgotten = declared.filter((realm) => realm.server === this.server && !this.realms.includes(realm));
    return forgotten.map(
      ({ node, realmName }) =>
        `\`realms\` must name every realm declared on the server, got: none that is ${node.path} (${realmName}); add it`,
    );
  }
}

/** What is declared in the server's stack would be destroyed after the deployer of another one. */
function checkServerStack(scope: Construct, serverStack: TerraformStack | undefined, admin: AdminProvider): string[] {
  if (!serverStack || serverStack === TerraformStack.of(scope) || !admin.isUsedIn(serverStack)) return [];
  return [
    `\`server\` must have nothing declared on it in its own stack, which is destroyed after that of the deployer, got: something in stack ${serverStack.node.id}; declare that in the deployer's stack or behind it, or the deployer beside it`,
  ];
}

/** At the plan, not at synthesis: tests and reviews of the JSON need no password. */
function failPlan(resource: TerraformResource, clientId: string): void {
  const message = `The state knows no client ${clientId} yet, so that Terraform cannot sign in by its key. Set KEYCLOAK_PASSWORD for the first deploy, to any password for a server that it makes; or run m2m up, which makes one.`;
  resource.addOverride("lifecycle.precondition", [
    { condition: `\${terraform.workspace == ""}`, error_message: message },
  ]);
}

function checkServer(scope: Construct, server: IKeycloakServer): string[] {
  const admin = AdminProvider.ofServer(server);
  if (!admin || admin.isForeign) {
    return [
      "`server` must make its Keycloak provider itself, as this construct says how that signs in, got: one with a `provider` of your own; leave that out, or let it sign in by `jwt_signing_key` yourself",
    ];
  }
  const before = claim(scope, `${new URL(server.url).href} deployer`);
  if (before === undefined) return [];
  return [`\`server\` must have one deployer, got: a second beside ${before}; hand its realms to that one`];
}

function checkRealms(scope: Construct, server: IKeycloakServer, realms: readonly IRealm[]): string[] {
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
function checkKey(signingKey: ISigningKey): string[] {
  try {
    signingKey.privateKeyFile.toString(); // throws where it is not known
    return [];
  } catch {
    return [
      "`signingKey` must be a SigningKeyPair, as Terraform reads its key file, got: a certificate alone; make a pair, or put the key beside the certificate and use SigningKeyPair",
    ];
  }
}
