import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { Aspects, TerraformStack } from "cdktf";
import { Construct } from "constructs";
import { OpenidClient } from "../.gen/providers/keycloak/openid-client";
import type { KeycloakProvider } from "../.gen/providers/keycloak/provider";
import { DEPLOYER_MARKER } from "./contract/markers";
import { projectFolder } from "./contract/project-files";
import { checkKnown, type Known } from "./private/checks";
import { checkClientId } from "./private/client-checks";
import {
  checkForgottenRealms,
  checkKey,
  checkRealms,
  checkServer,
  checkServerStack,
  checkSignInAlgorithm,
  warnOfMissingKey,
} from "./private/deployer-checks";
import { AfterRights } from "./private/deployer-order";
import { DeployerRights } from "./private/deployer-rights";
import { failOn } from "./private/errors";
import { failPlan, isNotDeployed } from "./private/first-deploy";
import { holdOrder } from "./private/held-order";
import type { SignIn } from "./private/sign-in";
import { signingClient } from "./private/signing-client";
import { dependables, type IRealm, Realm } from "./realm";
import type { IKeycloakServer } from "./server";
import type { ISigningKey } from "./signing-key";

/** Longer than Keycloak's minute: at the end of a destroy, only the token still has the rights. */
const TOKEN_SECONDS = 600;

/** Properties of a {@link DeployerClient}. */
export interface DeployerClientProps {
  /** The server that Terraform signs in to. */
  readonly server: IKeycloakServer;
  /** The realms that it manages: all that the app declares on the server, and imported ones that it declares clients in. */
  readonly realms: readonly IRealm[];
  /**
   * The key that it signs with. Use a pair of its own: Terraform reads the private half. With the official provider it
   * must not be one for PS256, PS384 or PS512.
   */
  readonly signingKey: ISigningKey;
  /**
   * The client id in realm `master`, which is also `iss` and `sub` of its assertions.
   *
   * @default "terraform"
   */
  readonly clientId?: string;
  /**
   * Whether Terraform of another app signs in as it, to declare clients in `realms`: by the attribute `deployer` of
   * `KeycloakServer.fromUrl`. It has no more rights than that takes, and none in `master`. A server may have several.
   *
   * @default false
   */
  readonly ofAnotherApp?: boolean;
}

const PROPS: Known<DeployerClientProps> = {
  server: true,
  realms: true,
  signingKey: true,
  clientId: true,
  ofAnotherApp: true,
};

/**
 * The client in realm `master` that Terraform itself signs in as, by a signed JWT (RFC 7523) instead of the administrator's
 * password.
 *
 * The first deploy signs in by the password and makes the client. After that no password is needed, and none is kept. The
 * synthesis decides: it uses a password if one is given (`KEYCLOAK_PASSWORD`, or `TF_VAR_keycloak_admin_password`), and the
 * key otherwise. A server with a deployer has no default password. `m2m up` makes a password for the first deploy by itself.
 *
 * With `ofAnotherApp` it is the one that another app signs in as, and may only manage the clients of its realms. Without,
 * the client has the rights that the constructs of this package need. It manages the users of `master`, because it manages its
 * own rights. So whoever holds its key can give it any right in any realm: protect the key like the administrator's password.
 */
export class DeployerClient extends Construct {
  readonly server: IKeycloakServer;
  readonly clientId: string;
  readonly signingKey: ISigningKey;

  private readonly resource: OpenidClient;

  constructor(scope: Construct, id: string, props: DeployerClientProps) {
    super(scope, id);
    holdOrder(this);
    const { server, realms, signingKey, clientId = "terraform", ofAnotherApp = false } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkClientId(clientId),
      ...checkRealms(this, server, realms),
      ...checkSignInAlgorithm(this, signingKey.algorithm),
      ...(ofAnotherApp ? [] : [...checkServer(this, server), ...checkKey(signingKey)]),
    ]);
    this.server = server;
    this.clientId = clientId;
    this.signingKey = signingKey;
    Realm.fromRealmName(this, "Master", { server, realmName: "master" }).claimClientId(this, clientId);

    if (!ofAnotherApp) this.signInHere(server._signIn!); // as checked
    const provider = server.keycloakProvider(this);
    this.resource = new OpenidClient(this, "Resource", {
      provider,
      realmId: "master",
      ...signingClient(clientId, signingKey),
      // Only its own service account signs in by it, so its tokens carry no more than that account's roles. A list of
      // roles would lack those of a realm that it has just made.
      fullScopeAllowed: true,
      accessTokenLifespan: String(TOKEN_SECONDS),
      dependsOn: dependables(server.dependencies(this)),
    });
    const rights = new DeployerRights(this, provider, this.resource, realms, ofAnotherApp);
    if (!ofAnotherApp) this.holdRights(rights, provider, realms);
  }

  /** Lets Terraform sign in as it. */
  private signInHere(signIn: SignIn): void {
    const { clientId, signingKey } = this;
    const { algorithm, privateKeyFile: keyFile } = signingKey;
    signIn.delegate({ clientId, algorithm, keyFile, stack: TerraformStack.of(this) });
    Aspects.of(this).add({ visit: (node) => node === this && signIn.isByKey && this.checkSignIn() });
    this.checkServerOfAnotherStack(signIn);
    this.node.addValidation({ validate: () => checkServerStack(this, signIn) });
  }

  /** Everything else on the server waits for the rights. */
  private holdRights(rights: DeployerRights, provider: KeycloakProvider, realms: readonly IRealm[]): void {
    // For m2m, which makes a password for the deploy that makes this client.
    this.resource.addOverride(...DEPLOYER_MARKER);
    Aspects.of(TerraformStack.of(this)).add(new AfterRights(this, provider, rights));
    this.node.addValidation({ validate: () => checkForgottenRealms(this, this.server, realms) });
  }

  /** Finds what would make Terraform's sign-in by the key fail. */
  private checkSignIn(): void {
    if (isNotDeployed(this.resource)) failPlan(this.resource, this.clientId);
    const { privateKeyFile } = this.signingKey;
    if (existsSync(resolve(projectFolder(), privateKeyFile))) return;
    warnOfMissingKey(this, this.clientId, privateKeyFile, ", or set KEYCLOAK_PASSWORD");
  }

  /** Its stack is deployed first: without this, the server would be made without an administrator. */
  private checkServerOfAnotherStack(signIn: SignIn): void {
    const { resource: server } = signIn.target;
    if (!server || TerraformStack.of(server) === TerraformStack.of(this)) return;
    const isFirst = () => signIn.isByKey && isNotDeployed(server) && isNotDeployed(this.resource);
    Aspects.of(server).add({
      visit: (node) => node === server && isFirst() && failPlan(server, this.clientId),
    });
  }
}
