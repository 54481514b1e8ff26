/** Whether a key may be made where there is none; a text says why not. */
export type KeyCreation = "allowed" | { readonly refusedBecause: string };

/** A key whose certificate the Terraform state already holds. */
interface KnownKey {
  readonly stack: string;
  readonly name: string;
  readonly kid: string;
}

/**
 * Making a new key in place of one that the state knows would lock out the machine that holds the old one. One that the
 * stack has read (`kidsHere`) stands in nobody's place: two pairs may have one name in two directories.
 */
export function keyCreation(stackId: string, name: string, kidsHere: readonly string[]): KeyCreation {
  const missing = knownKeys().filter((key) => {
    return key.stack === stackId && key.name === name && !kidsHere.includes(key.kid);
  });
  if (missing.length > 0) {
    return {
      refusedBecause: `the state of stack ${stackId} already knows a key of ${name}; restore the certificate from version control, or pass --new-keys to replace the key`,
    };
  }
  const reason = whyNoCreation();
  if (reason === undefined) return "allowed";
  const remedy = process.env.M2M_CREATE_KEYS === "false" ? "have `m2m up` make the key" : "set M2M_CREATE_KEYS=true";
  return { refusedBecause: `${reason}; commit the certificate, or ${remedy}` };
}

/** Whether a key of a name may have to be refused, in whatever stack its pair will be. */
export function isCreationDoubtful(name: string): boolean {
  return whyNoCreation() !== undefined || knownKeys().some((key) => key.name === name);
}

/** What `m2m` says in `M2M_KNOWN_KEYS`, as STACK/NAME/KID. */
function knownKeys(): KnownKey[] {
  return (process.env.M2M_KNOWN_KEYS ?? "").split(",").flatMap((entry) => {
    const [, stack, name, kid] = /^([^/]+)\/(.+)\/([^/]+)$/.exec(entry) ?? [];
    return stack && name && kid ? [{ stack, name, kid }] : [];
  });
}

/** Why no keys are made on this machine; nothing where they may be. In CI they would be lost, unless they are asked for. */
export function whyNoCreation(): string | undefined {
  const asked = process.env.M2M_CREATE_KEYS;
  if (asked === "true") return undefined;
  if (asked === "false") return "M2M_CREATE_KEYS is false, as for `m2m keys list` and `--dry-run`";
  const isCi = process.env.CI !== undefined && process.env.CI !== "" && process.env.CI !== "false";
  return isCi ? "CI is set, and a key made there would be lost" : undefined;
}
