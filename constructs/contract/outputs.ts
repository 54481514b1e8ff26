/** The outputs by which `m2m` finds the machines of a stack, as `main.ts` declares them. */
export interface MachineOutputs {
  readonly issuer: string;
  /** The address that `m2m call` calls. Without it there are tokens only. */
  readonly api?: string;
  /** `host:port=address:port`, several separated by commas. */
  readonly connect_to: string;
  /** Client id to private key, relative to `cdktf.json`. */
  readonly key_files: Readonly<Record<string, string>>;
  /** Client id to its files for TLS, relative to `cdktf.json`; for an environment with https. */
  readonly tls_files?: Readonly<Record<string, Partial<TlsFiles>>>;
}

/** What a program needs for TLS. */
export interface TlsFiles {
  /** The CAs to trust. */
  readonly ca: string;
  readonly certificate: string;
  /** The private key, which may be elsewhere. */
  readonly key: string;
}

const OPTIONAL: readonly (keyof MachineOutputs)[] = ["tls_files"];

/** Outputs as a state has them. */
type StateOutputs = Readonly<Record<string, { readonly value: unknown } | undefined>>;

/** Reads the outputs; gives the names of the missing ones if there are any. */
export function machineOutputs(
  outputs: StateOutputs,
  names: readonly (keyof MachineOutputs)[],
): MachineOutputs | { readonly missing: string[] } {
  const missing = names.filter((name) => outputs[name] === undefined);
  if (missing.length > 0) return { missing };
  const values = [...names, ...OPTIONAL].flatMap((name) => (outputs[name] ? [[name, outputs[name].value]] : []));
  return Object.fromEntries(values) as MachineOutputs;
}
