import { resolve } from "node:path";
import {
  acceptedKids,
  CLIENT,
  certifiedKey,
  type DeclaredAlgorithm,
  declaredAlgorithm,
  isCertificateBound,
  isDpopBound,
  keysAddress,
  signsIn,
} from "../../constructs/contract/client-keys";
import {
  type PairDescription,
  pairsIn,
  type RealmDescription,
  realmsIn,
  tlsFilesOf,
} from "../../constructs/contract/markers";
import type { ResourceJson } from "../../constructs/contract/terraform-json";
import { plain } from "../../constructs/contract/terraform-text";
import { filesOf } from "../../constructs/keys/pair-files";
import type { TlsOptions } from "../../machines/calling/tls-options";
import { type Login, loginsIn, tlsOf } from "../keycloak/login";
import type { Output } from "../output";
import type { Project, Stack } from "../project/project";
import { synthesize, withoutRemarks } from "../project/synth";

/** A client that a project declares, with what a machine needs to sign in as it. */
export interface DeclaredClient {
  readonly stack: string;
  readonly clientId: string;
  readonly realm: RealmDescription;
  readonly algorithm: DeclaredAlgorithm;
  /** The key that is to sign, by the declaration; absent where the machine publishes its keys itself. */
  readonly kid?: string;
  /** The keys that Keycloak is to accept. */
  readonly accepted: readonly string[];
  /** Where the machine publishes its keys itself. */
  readonly keysAt?: string;
  /** The files of its key pair, where the project has one for it. */
  readonly keyFile?: string;
  readonly certificateFile?: string;
  readonly tls: TlsOptions;
  readonly isDpopBound: boolean;
  readonly isCertificateBound: boolean;
}

/** What a project declares now. It is synthesized for that, and makes no more than `m2m diff` does. */
export async function synthesizedStacks(project: Project, out: Output): Promise<Stack[]> {
  const switches = { createKeys: "outside CI", reissue: false, newKeys: false } as const;
  return (await synthesize(project, withoutRemarks(out), switches)).stacks;
}

/** The clients of some stacks that sign in with a JWT. */
export function declaredClients(project: Project, stacks: readonly Stack[]): DeclaredClient[] {
  const realms = stacks.flatMap(({ json }) => realmsIn(json));
  const pairs = stacks.flatMap(({ json }) => pairsIn(json));
  return stacks.flatMap((stack) =>
    Object.values(stack.json.resource?.[CLIENT] ?? {})
      .filter(signsIn)
      .flatMap((client) => {
        const login = loginOf(stack, client);
        const realm = realmOf(realms, login, plain(String(client.realm_id)));
        return realm ? [describe(project, stack, client, realm, login, pairs)] : [];
      }),
  );
}

function describe(
  project: Project,
  stack: Stack,
  client: ResourceJson,
  realm: RealmDescription,
  login: Login | undefined,
  pairs: readonly PairDescription[],
): DeclaredClient {
  const kid = certifiedKey(client)?.kid ?? acceptedKids(client)[0];
  const pair = pairs.find(({ kids }) => kid !== undefined && kids.includes(kid));
  const files = pair && filesOf(project.folder, pair);
  const own = tlsFilesOf(client);
  const { caFile } = tlsOf(stack, login).tls ?? {};
  const at = (file: string) => resolve(project.folder, file);
  return {
    stack: stack.name,
    clientId: plain(String(client.client_id)),
    realm,
    algorithm: declaredAlgorithm(client),
    kid,
    accepted: acceptedKids(client),
    keysAt: keysAddress(client),
    keyFile: files?.key,
    certificateFile: files?.certificate,
    tls: own
      ? { caFile: at(own.ca), certificateFile: at(own.certificate), keyFile: at(own.key) }
      : { ...(caFile !== undefined && { caFile }) },
    isDpopBound: isDpopBound(client),
    isCertificateBound: isCertificateBound(client),
  };
}

/** By whom Terraform reaches the client's server. */
function loginOf(stack: Stack, { provider = "keycloak" }: ResourceJson): Login | undefined {
  return loginsIn(stack).find(({ alias }) => provider === (alias ? `keycloak.${alias}` : "keycloak"));
}

/** The realm may be declared in another stack. A provider of the user's own may say another address of its server. */
function realmOf(
  realms: readonly RealmDescription[],
  login: Login | undefined,
  name: string,
): RealmDescription | undefined {
  const called = realms.filter(({ realmName }) => realmName === name);
  const here = called.find(({ url }) => sameAddress(url, login?.url));
  return here ?? (new Set(called.map(({ issuer }) => issuer)).size === 1 ? called[0] : undefined);
}

function sameAddress(one: string, other: string | undefined): boolean {
  return other !== undefined && URL.canParse(other) && new URL(one).href === new URL(other).href;
}
