import { Aspects, type TerraformResource, TerraformStack } from "cdktf";
import { Construct, type IConstruct } from "constructs";
import { OpenidClient } from "../.gen/providers/keycloak/openid-client";
import { RealmClientPolicyProfile } from "../.gen/providers/keycloak/realm-client-policy-profile";
import { RealmClientPolicyProfilePolicy } from "../.gen/providers/keycloak/realm-client-policy-profile-policy";
import { literal } from "./contract/terraform-text";
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from "./keys/algorithms";
import { quoted, shown } from "./keys/shown";
import { check, checkKnown, type Known } from "./private/checks";
import { claim } from "./private/claims";
import { addressOf } from "./private/deployer-order";
import { failOn } from "./private/errors";
import { holdOrder } from "./private/held-order";
import { CONFIDENTIAL, executors, type TokenBinding, unfit } from "./private/machine-policy";
import { isOfType } from "./private/resource-type";
import { dependables, type IRealm, realmOf } from "./realm";
import { SignedJwtClient } from "./signed-jwt-client";

export type { TokenBinding } from "./private/machine-policy";

/** Properties of a {@link MachineClientPolicy}. */
export interface MachineClientPolicyProps {
  readonly realm: IRealm;
  /**
   * What machines may sign their assertions with. A client has to say its algorithm, as a {@link SignedJwtClient} does.
   *
   * @default - whatever Keycloak accepts
   */
  readonly algorithms?: readonly SigningAlgorithm[];
  /**
   * What access tokens have to be bound to: a key of the machine (`"dpop"`), or the certificate of its connection.
   *
   * @default - nothing
   * @see RFC 9449, RFC 8705 section 3
   */
  readonly boundTokens?: TokenBinding;
  /**
   * The name in Keycloak, of the client policy and the client profile.
   *
   * @default "machine-clients"
   */
  readonly name?: string;
}

const PROPS: Known<MachineClientPolicyProps> = { realm: true, algorithms: true, boundTokens: true, name: true };

/**
 * Lets the realm itself refuse confidential clients that are weaker than a {@link SignedJwtClient}, whoever makes them: a
 * client added by hand cannot sign in by a secret, nor get every role of the realm into its tokens.
 *
 * Emits a client profile and a client policy; with `algorithms` or `boundTokens` one more of each. Every client that this
 * stack declares in the realm is made and changed after them.
 *
 * Does not look at public clients, nor at the life of assertions: Keycloak refuses them 60 s after their `iat` anyway.
 *
 * @throws {ValidationError} for options that cannot be, a name that another policy of the realm has, and at the end of the
 *   synthesis for a declared client that the policy would refuse
 * @see Keycloak, Server administration guide, "Client policies"
 */
export class MachineClientPolicy extends Construct {
  readonly realm: IRealm;
  readonly algorithms?: readonly SigningAlgorithm[];
  readonly boundTokens?: TokenBinding;

  constructor(scope: Construct, id: string, props: MachineClientPolicyProps) {
    super(scope, id);
    holdOrder(this);
    const { realm, algorithms, boundTokens, name = "machine-clients" } = props;
    failOn(this, [
      ...checkKnown(props, PROPS),
      ...checkName(name),
      ...(algorithms === undefined ? [] : checkAlgorithms(algorithms)),
      ...(boundTokens === undefined ? [] : checkBound(boundTokens)),
    ]);
    failOn(this, [...this.claimName(realm, name), ...checkServer(realm, boundTokens)]);
    this.realm = realm;
    this.algorithms = algorithms && [...algorithms];
    this.boundTokens = boundTokens;

    const about = "machines sign in by private_key_jwt";
    const made = [this.declare("", name, about, executors(boundTokens), [CONFIDENTIAL])];
    if (algorithms || boundTokens) {
      const refuse = [{ name: "reject-request", configuration: {} }];
      const text = `${about}: ${[algorithms?.join(", "), boundTokens && `${boundTokens}-bound tokens`].filter(Boolean).join("; ")}`;
      made.push(this.declare("Unfit", `${name}-unfit`, text, refuse, unfit(algorithms, boundTokens)));
    }
    Aspects.of(TerraformStack.of(this)).add({ visit: (node) => this.putBehind(made, node) });
    this.node.addValidation({ validate: () => this.checkClients() });
  }

  private declare(
    prefix: string,
    name: string,
    description: string,
    executor: ReturnType<typeof executors>,
    condition: ReturnType<typeof unfit>,
  ): TerraformResource {
    const shared = {
      provider: this.realm.keycloakProvider(this),
      realmId: this.realm.realmName,
      name: literal(name),
      description,
    };
    const profile = new RealmClientPolicyProfile(this, `${prefix}Profile`, {
      ...shared,
      executor,
      dependsOn: dependables(this.realm.dependencies(this)),
    });
    return new RealmClientPolicyProfilePolicy(this, prefix || "Resource", {
      ...shared,
      enabled: true,
      condition,
      profiles: [profile.name],
    });
  }

  /** A rule that is loosened has to be so before a client changes by it. */
  private putBehind(policies: readonly TerraformResource[], node: IConstruct): void {
    if (!isOfType(node, OpenidClient) || node.realmIdInput !== this.realm.realmName) return;
    if (node.provider !== this.realm.keycloakProvider(this)) return;
    const addresses = policies.map(addressOf).filter((address) => !node.dependsOn?.includes(address));
    node.dependsOn = [...(node.dependsOn ?? []), ...addresses];
  }

  private claimName({ server, realmName }: IRealm, name: string): string[] {
    const taken = claim(this, `${realmOf(server, realmName)} client policy ${name}`);
    if (taken === undefined) return [];
    return [
      `\`name\` must be unique in the realm, got: ${quoted(name)}, which ${taken} has already; give one of them another`,
    ];
  }

  /** Tells at synthesis which of the declared clients Keycloak would refuse. */
  private checkClients(): string[] {
    const clients = this.node.root.node.findAll().filter((node) => node instanceof SignedJwtClient);
    return clients
      .filter(({ realm }) => realm.issuer === this.realm.issuer)
      .flatMap((client) => this.checkClient(client));
  }

  private checkClient({ clientId, signingKey, boundTo, node }: SignedJwtClient): string[] {
    const { algorithms, boundTokens } = this;
    const used = [...new Set([signingKey.algorithm, ...signingKey.acceptedKeys.map(({ algorithm }) => algorithm)])];
    const at = `${shown(clientId)} (${node.path})`;
    const strange = used.filter((one) => algorithms && !algorithms.includes(one));
    const problems = strange.map(
      (one) =>
        `\`algorithms\` must hold what every client of the realm signs with, got: ${algorithms!.join(", ")}, and ${at} signs with ${one}; add ${one}, or give the client another key`,
    );
    if (algorithms && strange.length === 0 && used.length > 1) {
      problems.push(
        `\`algorithms\` must be left out while a client has keys of two algorithms, got: ${at} with ${used.join(" and ")}; declare them again when one is left`,
      );
    }
    const binding = boundTo === undefined || boundTo === "dpop" ? boundTo : "certificate";
    if (boundTokens && binding !== boundTokens) {
      problems.push(
        `\`boundTokens\` must be what every client of the realm is bound to, got: "${boundTokens}", and ${at} is bound to ${binding ?? "nothing"}; set \`boundTo\` of the client`,
      );
    }
    return problems;
  }
}

function checkName(name: string): string[] {
  const rule = "must be 1 to 100 letters, digits, spaces, dots, dashes or underscores, the first a letter or digit";
  return check("name", name, (one) => /^[a-z0-9][\w. -]{0,99}$/i.test(one), rule);
}

function checkAlgorithms(algorithms: readonly SigningAlgorithm[]): string[] {
  if (algorithms.length === 0) {
    return ["`algorithms` must hold an algorithm, got: none; leave it out to allow all that Keycloak accepts"];
  }
  const rule = `must be of ${SIGNING_ALGORITHMS.join(", ")}`;
  return [
    ...algorithms.flatMap((one) => check("algorithms", one, (a) => SIGNING_ALGORITHMS.includes(a), rule)),
    ...(new Set(algorithms).size < algorithms.length
      ? [`\`algorithms\` must name each once, got: ${shown(algorithms.join(", "))}`]
      : []),
  ];
}

function checkBound(boundTokens: TokenBinding): string[] {
  return check(
    "boundTokens",
    boundTokens,
    (to) => to === "dpop" || to === "certificate",
    'must be "dpop" or "certificate"',
  );
}

function checkServer({ server }: IRealm, boundTokens: TokenBinding | undefined): string[] {
  if (boundTokens !== "certificate" || server.clientCertificates !== "none") return [];
  return [
    '`boundTokens` "certificate" needs a server that asks for certificates, got: `clientCertificates` "none"; set it to "request" or "required"',
  ];
}
