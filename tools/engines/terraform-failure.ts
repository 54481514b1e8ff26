import { nobodySignsIn } from "../../constructs/contract/provider-errors";
import { ToolError } from "../output";

/** Why Terraform failed, as far as `m2m` acts on it. */
export type Reason =
  | "server-unhealthy"
  | "state-not-saved"
  | "provider-ended"
  | "password-refused"
  | "nobody-signs-in"
  | "exists-already";

/** What others write then. Only this file knows their sentences. */
const SIGNS: Readonly<Record<Reason, (output: string) => boolean>> = {
  // The Docker provider, of a container that it waits for.
  "server-unhealthy": (output) => output.includes("healthy"),
  // Terraform names the file where it leaves a state that it could not write.
  "state-not-saved": (output) => output.includes("errored.tfstate"),
  // Terraform, of a provider that was killed while it made something.
  "provider-ended": (output) =>
    /plugin did not respond|plugin process exited|rpc error: code = (Unavailable|Canceled)/i.test(output),
  // Keycloak, whichever provider passes it on.
  "password-refused": (output) => output.includes("Invalid user credentials"),
  "nobody-signs-in": nobodySignsIn,
  // Keycloak, in the words of either provider.
  "exists-already": (output) =>
    /exists already|already exists|409 Conflict/.test(output.replaceAll(/\s*\n[\s│]*/g, " ")),
};

const ABOUT_THE_PASSWORD =
  "Set KEYCLOAK_PASSWORD (or the variable keycloak_admin_password) to the administrator's password. Keycloak takes it only when its database is empty: an old volume still has the old password.";

/** What helps where Terraform's provider and Keycloak do not agree on TLS; the sentences are those of Go, Node.js and OpenSSL. */
const ABOUT_TLS: readonly (readonly [sign: RegExp, advice: string])[] = [
  [
    /certificate signed by unknown authority|of a CA that is not trusted here/,
    "Keycloak's certificate is of a CA that its Terraform provider does not trust. Declare that CA: `tls.authority` of the KeycloakServer, `authority` of `fromUrl`, or `root_ca_certificate` of a provider of your own.",
  ],
  [
    /tls: (certificate required|bad certificate|unknown certificate|unknown certificate authority|expired certificate)|it (asks for a|refuses the) client certificate/i,
    "Keycloak asks Terraform for a client certificate of a CA that it trusts. Declare one: `tls.terraformCertificate` of the KeycloakServer, `terraformCertificate` of `fromUrl`, or `tls_client_certificate` and `tls_client_private_key` of a provider of your own.",
  ],
  [
    /x509: certificate has expired|its certificate has expired/,
    "Renew Keycloak's certificate (`m2m certificates renew NAME`, then `m2m up`), or set this machine's clock.",
  ],
  [
    /x509: certificate is (valid|not valid) for|its certificate is for another name/,
    "Keycloak's certificate lacks the name in the server's address. Add it to the `dnsNames` of the certificate, and run `m2m up`.",
  ],
  [
    /no file exists at .*-tls\.key/s,
    "The private key of Terraform's client certificate is not on this machine. Deploy where it is, or bring it here.",
  ],
];

/** Terraform ran and failed. The message has what it wrote. */
export class TerraformFailure extends ToolError {
  readonly reasons: readonly Reason[];

  constructor(step: string, stack: string, output: string) {
    const reasons = (Object.keys(SIGNS) as Reason[]).filter((reason) => SIGNS[reason](output));
    const text = `terraform ${step} of stack ${stack} failed:\n${output.trim()}`;
    const advice = ABOUT_TLS.filter(([sign]) => sign.test(output.replaceAll(/\s*\n[\s│]*/g, " "))).map(
      ([, words]) => words,
    );
    if (reasons.includes("password-refused")) advice.push(ABOUT_THE_PASSWORD);
    super("terraform-failed", [text, ...advice].join("\n"));
    this.reasons = reasons;
  }
}

/** Did Terraform fail for this reason? */
export function failedBecause(error: unknown, reason: Reason): boolean {
  return error instanceof TerraformFailure && error.reasons.includes(reason);
}
