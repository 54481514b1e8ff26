import { DiagnosticError, problem } from "../protocol/diagnostics";

/** What went wrong between us and Keycloak, and whether waiting may help. */
export interface Fault {
  kind: "unreachable" | "timeout" | "status" | "not-keycloak" | "other";
  status?: number;
  /** In words, without any secret. */
  got: string;
  temporary: boolean;
  /** The request may have been carried out although no answer came. */
  ambiguous: boolean;
  /** What was asked for, where an answer came from there. */
  url?: string;
}

/** A fault that is final for this operation; `status` lets a resource tell "not there" from the rest. */
export class KeycloakError extends DiagnosticError {
  readonly fault: Fault;

  constructor(fault: Fault, summary: string, detail: string) {
    super(problem(summary, detail));
    this.name = "KeycloakError";
    this.fault = fault;
  }
}

/** The answer had a success status but was not Keycloak's JSON. */
export class NotKeycloakError extends Error {}

/** What is gone already, with the realm or by itself, is null: deleting it is done, reading it finds nothing. */
export async function unlessGone<T>(call: Promise<T>): Promise<T | null> {
  return call.catch((error: unknown) => {
    if (!(error instanceof KeycloakError && error.fault.status === 404)) throw error;
    return null;
  });
}
