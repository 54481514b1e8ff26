/** What `m2m` tells the app that it synthesizes about making keys. */
export interface KeySwitches {
  /** Whether missing keys are made: even if `CI` is set, only if it is not, or never. */
  readonly createKeys: "always" | "outside CI" | "never";
  /** Whether expired certificates are issued again over the same key. */
  readonly reissue: boolean;
  /** Whether the deploy of what is synthesized brings each active key into its key file, as `m2m up` does. */
  readonly switchesKeys?: boolean;
  /** Which certificates for TLS are issued again; absent for none but those of `reissue`. */
  readonly renewal?: CertificateRenewal;
  /** The keys that the states know, which may not be replaced; absent if any key may be. */
  readonly known?: readonly KnownKey[];
}

/** What `m2m certificates renew` asks for. */
export interface CertificateRenewal {
  /** Those in the last third of their life, all, or some by name. */
  readonly which: "due" | "all" | readonly string[];
  /** Whether each gets a new key. */
  readonly newKeys: boolean;
}

/** A key whose certificate the Terraform state of a stack already holds. */
export interface KnownKey {
  readonly stack: string;
  readonly name: string;
  readonly kid: string;
}

/** Whether a key may be made where there is none; a text says why not. */
export type KeyCreation = "allowed" | { readonly refusedBecause: string };

const CREATE = "M2M_CREATE_KEYS";
const REISSUE = "M2M_REISSUE_CERTIFICATES";
const SWITCHES = "M2M_SWITCHES_KEYS";
const KNOWN = "M2M_KNOWN_KEYS";
const RENEW = "M2M_RENEW_CERTIFICATES";
const RENEW_KEYS = "M2M_RENEW_CERTIFICATE_KEYS";

/** The environment variables that carry the switches. */
export function keySwitches({
  createKeys,
  reissue,
  switchesKeys,
  known,
  renewal,
}: KeySwitches): Record<string, string> {
  return {
    ...(createKeys !== "outside CI" && { [CREATE]: String(createKeys === "always") }),
    ...(reissue && { [REISSUE]: "true" }),
    ...(switchesKeys && { [SWITCHES]: "true" }),
    // The comma tells a certificate that is called `all` or `due` from those words.
    ...(renewal && { [RENEW]: typeof renewal.which === "string" ? renewal.which : `${renewal.which.join(",")},` }),
    ...(renewal?.newKeys && { [RENEW_KEYS]: "true" }),
    ...(known && { [KNOWN]: known.map(({ stack, name, kid }) => `${stack}/${name}/${kid}`).join(",") }),
  };
}

/** Whether an expired certificate is issued again. */
export function isReissued(): boolean {
  return process.env[REISSUE] === "true";
}

/** Whether a certificate for TLS is to be issued again by request; `isDue` says whether its life nears its end. */
export function isRenewalAsked(name: string, isDue: boolean): boolean {
  const which = process.env[RENEW] ?? "";
  return which === "all" || (which === "due" ? isDue : which.split(",").includes(name));
}

/** Whether certificates that are issued again get new keys. */
export function renewsKeys(): boolean {
  return process.env[RENEW_KEYS] === "true";
}

/** Whether the deploy brings each active key into its key file. */
export function switchesKeys(): boolean {
  return process.env[SWITCHES] === "true";
}

/**
 * Whether a pair may get a new key. A key that the state knows may not be replaced, since the machine that holds it would
 * be locked out. Keys that the stack has read (`kidsHere`) are not replaced: two pairs may have one name in two
 * directories.
 */
export function keyCreation(stack: string, name: string, kidsHere: readonly string[]): KeyCreation {
  const isReplaced = knownKeys().some((key) => key.stack === stack && key.name === name && !kidsHere.includes(key.kid));
  if (isReplaced) {
    return {
      refusedBecause: `the state of stack ${stack} already knows a key of ${name}; restore the certificate from version control, or pass --new-keys to replace the key`,
    };
  }
  const reason = whyNoCreation();
  if (reason === undefined) return "allowed";
  const remedy = process.env[CREATE] === "false" ? "have `m2m up` make the key" : `set ${CREATE}=true`;
  return { refusedBecause: `${reason}; commit the certificate, or ${remedy}` };
}

/** Whether a key of a name may be refused, in whichever stack its pair is declared. */
export function isCreationDoubtful(name: string): boolean {
  return whyNoCreation() !== undefined || knownKeys().some((key) => key.name === name);
}

function knownKeys(): KnownKey[] {
  return (process.env[KNOWN] ?? "").split(",").flatMap((entry) => {
    const [, stack, name, kid] = /^([^/]+)\/(.+)\/([^/]+)$/.exec(entry) ?? [];
    return stack && name && kid ? [{ stack, name, kid }] : [];
  });
}

/**
 * The rule on keys under `CI`: no key is made there, as it would be lost, unless `M2M_CREATE_KEYS=true` asks for it.
 *
 * @returns why no key is made on this machine; `undefined` if keys are made
 */
export function whyNoCreation(): string | undefined {
  const asked = process.env[CREATE];
  if (asked === "true") return undefined;
  if (asked === "false") return `${CREATE} is false, as for commands that only look`;
  const isCi = process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false";
  return isCi ? "CI is set, and a key made there would be lost" : undefined;
}
