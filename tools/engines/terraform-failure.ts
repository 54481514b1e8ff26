import { stripVTControlCharacters } from "node:util";
import { existsAlready, nobodySignsIn } from "../../constructs/contract/provider-errors";
import { ToolError } from "../output";
import { conflictIn } from "./state-conflict";
import { inOneLine, tlsAdvice } from "./tls-advice";

/** Why Terraform failed, as far as `m2m` acts on it. */
export type Reason =
  | "server-unhealthy"
  | "server-fails"
  | "state-not-saved"
  | "provider-ended"
  | "password-refused"
  | "nobody-signs-in"
  | "exists-already";

const NOT_CONVERGED = /did not converge|service rolled back|rollback/i;

/** What others write then. Only this file knows their sentences. */
const SIGNS: Readonly<Record<Reason, (output: string) => boolean>> = {
  // The Docker provider, of a container or a service that it waits for.
  "server-unhealthy": (output) => output.includes("healthy") || NOT_CONVERGED.test(output),
  // Keycloak does not answer, or answers that it cannot, whichever provider passes it on.
  "server-fails": (output) =>
    /HTTP 50\d|Database operation failed|\b50\d (Internal Server Error|Service Unavailable)|connection refused|connection reset|cannot be used: /i.test(
      output,
    ),
  // Terraform names the file where it leaves a state that it could not write.
  "state-not-saved": (output) => output.includes("errored.tfstate"),
  // Terraform, of a provider that was killed while it made something.
  "provider-ended": (output) =>
    /plugin did not respond|plugin process exited|rpc error: code = (Unavailable|Canceled)/i.test(output),
  // Keycloak, whichever provider passes it on.
  "password-refused": (output) => output.includes("Invalid user credentials"),
  "nobody-signs-in": nobodySignsIn,
  "exists-already": existsAlready,
};

const ABOUT_THE_PASSWORD =
  "Set KEYCLOAK_PASSWORD (or the variable keycloak_admin_password) to the administrator's password. Keycloak takes it only when its database is empty: an old volume still has the old password.";

const ABOUT_THE_LAST =
  "Nothing of Keycloak is declared in this stack any more, so it has no provider that could destroy what is there. Declare one of its clients again: the last one goes with the stack, by `m2m down`.";

const ABOUT_A_SERVICE =
  "The service did not get all its replicas ready. Where the swarm has several nodes, each of them needs the image: one that was made here is nowhere else, so bring it there (`docker save IMAGE | ssh NODE docker load`), or keep the servers on nodes that have it by `constraints`. Each replica needs its memory beside what is running; `startTimeoutSeconds` gives a slow machine more time. While it tries again, `docker service ps --no-trunc SERVICE` says what keeps a replica.";

/** Before a plan, Terraform speaks to nobody but what keeps the state. */
const BACKEND_STEPS = ["init", "state"];
const NOT_REACHED = /\b(?:dial|read) tcp\b.*(connection refused|no such host|timeout|no route to host)/;
/** At `init` it may be a registry that is not reached. */
const OF_A_REGISTRY = /registry|provider packages|install provider|download module/i;
const ABOUT_THE_BACKEND =
  "That is what keeps the state of this stack (`backend`), and nothing was changed. Start it, or correct its address. If it is the database of a Keycloak, whoever runs that one brings it back.";

function isBackendAway(output: string): boolean {
  return NOT_REACHED.test(output) && !OF_A_REGISTRY.test(output);
}

/** Terraform ran and failed. The message has what it wrote. */
export class TerraformFailure extends ToolError {
  readonly reasons: readonly Reason[];

  constructor(step: string, stack: string, written: string) {
    // Terraform colours what it writes even into a pipe, unless each command is told not to.
    const output = stripVTControlCharacters(written).trim();
    const reasons = (Object.keys(SIGNS) as Reason[]).filter((reason) => SIGNS[reason](output));
    const text = `terraform ${step} of stack ${stack} failed:\n${output}`;
    const advice = tlsAdvice(output);
    if (reasons.includes("password-refused")) advice.push(ABOUT_THE_PASSWORD);
    if (output.includes("Provider configuration not present")) advice.push(ABOUT_THE_LAST);
    if (NOT_CONVERGED.test(output)) advice.push(ABOUT_A_SERVICE);
    if (BACKEND_STEPS.includes(step) && isBackendAway(inOneLine(output))) advice.push(ABOUT_THE_BACKEND);
    const conflict = conflictIn(output, stack);
    super(conflict?.code ?? "terraform-failed", conflict?.text ?? [text, ...advice].join("\n"));
    this.reasons = reasons;
  }
}

/** Did Terraform fail for this reason? */
export function failedBecause(error: unknown, reason: Reason): boolean {
  return error instanceof TerraformFailure && error.reasons.includes(reason);
}
