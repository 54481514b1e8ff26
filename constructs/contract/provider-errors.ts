/**
 * Errors of the embedded provider that `m2m` acts on. Each carries a code at the end of its summary, because sentences
 * change.
 */
export type ProviderErrorCode = "sign-in-refused" | "sign-in-incomplete";

/** The summary as Terraform prints it. Terraform may wrap the sentence, but never the code: it holds no space. */
export function withCode(summary: string, code: ProviderErrorCode): string {
  return `${summary} [${code}]`;
}

/** What the embedded provider says of something that Keycloak has already, whatever it is. */
export const EXISTS_ALREADY = "It exists already.";

/** Whether Terraform failed because Keycloak has something already: our sentence, or Keycloak's status in the official one's. */
export function existsAlready(output: string): boolean {
  return output.replaceAll(/\s*\n[\s│]*/g, " ").includes(EXISTS_ALREADY) || /\b409 Conflict\b/.test(output);
}

const OURS: readonly ProviderErrorCode[] = ["sign-in-refused", "sign-in-incomplete"];
/** The official provider has no codes: its own sentence, and what Keycloak answers to a sign-in. */
const OFFICIAL = /error initializing keycloak provider|invalid_(client|grant)|unauthorized_client/;

/** Whether Terraform failed because a Keycloak provider could not sign in, whichever provider it was. */
export function nobodySignsIn(output: string): boolean {
  return OURS.some((code) => output.includes(`[${code}]`)) || OFFICIAL.test(output);
}
